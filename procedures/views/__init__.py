"""The pages of the procedures app, a module a subject."""
