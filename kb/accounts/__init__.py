"""People: the user model, roles, preferences, sign-in and account pages."""
