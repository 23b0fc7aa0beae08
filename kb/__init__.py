"""The site: settings, addresses, accounts, home page and tickets.

May import review, procedures and search; nothing imports it.
"""
