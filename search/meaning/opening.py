"""Where a document opens that has none of the words to mark."""

from urllib.parse import quote

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from search.highlight import room_for
from search.models import SearchDocument


def opened_at(document: SearchDocument, start: int) -> tuple[str, SafeString]:
    """(address, snippet) of the passage that begins at `start` in the text, or holds it."""
    text = document.text
    start = min(start, len(text))
    end = start + room_for(text[start:])
    snippet = escape(text[start:end].strip())
    before, after = "… " if start else "", " …" if end < len(text) else ""
    anchors = [anchor for offset, anchor in document.passages if offset <= start]
    url = document.url
    if anchors and "#" not in url:
        url = f"{url}#{quote(anchors[-1], safe='')}"
    return url, mark_safe(before + snippet + after)  # the text is escaped above
