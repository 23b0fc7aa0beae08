"""Marks as JSON, for programs: the same forms, functions and rules as the site's pages (docs/api.md)."""
