"""Limits that both the server and the site keep; nothing is imported here, as the server starts before Django."""

ADDRESS_BYTES = 100_000  # 10,000 Chinese characters, of which the search takes what it can
FORM_BYTES = 10_000_000  # of the texts of one form, files not counted
