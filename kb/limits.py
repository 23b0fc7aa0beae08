"""Limits that both the server and the site keep; nothing is imported here, as the server starts before Django."""

ADDRESS_BYTES = 125_000  # 10,000 characters of any kind, 12 bytes each; the search takes what it can
FORM_BYTES = 10_000_000  # of the texts of one form, files not counted
