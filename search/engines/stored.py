"""The documents of hits, read as quickly as Django gives them."""

from collections.abc import Collection

from search.models import SearchDocument


def _select(*left_out: str) -> str:
    columns = (
        str(field.column) for field in SearchDocument._meta.concrete_fields if field.name not in left_out
    )
    return f"SELECT {', '.join(columns)} FROM {SearchDocument._meta.db_table} WHERE id IN"


# But for what only filters ask: to read JSON takes longer than all the rest of a row.
_WHOLE = _select("lines", "releases")
_TITLES = _select("lines", "releases", "text", "passages")


def stored(pks: Collection[int], using: str, *, texts: bool) -> dict[int, SearchDocument]:
    """As in_bulk() has them, which takes longer to write its SQL than the database to answer it.

    Without their `texts`, those would be fetched when somebody asks.
    """
    slots = ", ".join("%s" for _ in pks)
    select = _WHOLE if texts else _TITLES
    found = SearchDocument.objects.using(using).raw(f"{select} ({slots})", list(pks)) if pks else ()
    return {document.pk: document for document in found}
