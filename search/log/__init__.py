"""What people sought: each search without a person's name, what was opened, and what that tells those who write guides.

Kept: the text as typed but for what looks like a secret (`masking`), filters, counts, language of the interface,
role, and what was opened; `REDLINE_SEARCH_LOG_DAYS` long. Not kept: who, from where, in which session. May import
nothing but the rest of `search`; what roles there are is registered (`roles`).
"""
