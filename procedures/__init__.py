"""What we know: equipment, error codes, procedures and their versions, the FAQ, importers.

May import search. Reaches upward only by registration, dotted settings and URL names.
"""
