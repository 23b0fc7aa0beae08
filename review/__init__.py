"""Who may approve, and what was said, proposed and decided about a procedure.

May import procedures and search.
"""
