"""The tables of an index in SQLite. A later migration that rebuilds SearchDocument must create the trigger again."""

from search.engines.places import MOST_NUMBERS

TABLES_VERSION = 5
"""Grows with every change of the tables, and of what their rowids say: an index of others is made anew."""
HEADED = "___"
"""Begins a term that stands in a title or among codes: FTS5 finds these without reading where else the word stands.

No term that search.analysis makes begins so.
"""
_TABLES = ("search_vocabulary", "search_occurrence", "search_index", "search_entry")


def create() -> list[str]:
    """The statements that make an empty index."""
    return [
        # The terms are finished (search.analysis): split at blanks, keep all but ASCII punctuation. A row's id is
        # its search.engines.places.place. The heading has the terms of title and codes again, as HEADED.
        "CREATE VIRTUAL TABLE search_index"
        " USING fts5 (title, codes, body, heading, tokenize = \"ascii tokenchars '_'\")",
        "CREATE VIRTUAL TABLE search_vocabulary USING fts5vocab('search_index', 'row')",
        "CREATE VIRTUAL TABLE search_occurrence USING fts5vocab('search_index', 'instance')",
        "CREATE TABLE search_entry (id INTEGER PRIMARY KEY, place INTEGER NOT NULL, revision INTEGER NOT NULL,"
        " updated INTEGER NOT NULL, codes TEXT NOT NULL)",
        # A number is given once, so that who still holds an old answer does not take a profile for another. Only an index
        # made anew may begin again, long before there are no more.
        "CREATE TABLE IF NOT EXISTS search_number"
        " (number INTEGER PRIMARY KEY AUTOINCREMENT, profile INTEGER NOT NULL UNIQUE)",
        f"DELETE FROM search_number WHERE (SELECT MAX(number) FROM search_number) > {MOST_NUMBERS // 2}",
        "DELETE FROM sqlite_sequence WHERE name = 'search_number' AND NOT EXISTS (SELECT 1 FROM search_number)",
    ]


def drop() -> list[str]:
    """The statements after which `create` makes an empty index, whatever was there. The numbers stay."""
    return [f"DROP TABLE IF EXISTS {table}" for table in _TABLES]


def create_beside_documents() -> list[str]:
    """The same in the documents' own database, where a document takes its terms along when it goes."""
    return [
        *create(),
        "CREATE TRIGGER search_document_gone AFTER DELETE ON search_searchdocument BEGIN"
        " DELETE FROM search_index WHERE rowid = (SELECT place FROM search_entry WHERE id = old.id);"
        " DELETE FROM search_entry WHERE id = old.id; END",
    ]
