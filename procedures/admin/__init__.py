"""The catalogue in the CMS admin: lists, forms, history, and its import from CSV files."""
