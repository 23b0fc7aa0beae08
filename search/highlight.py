"""Marks what was found in the original text of the hits shown, as HTML that is safe to print."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from search.analysis import MAX_TEXT, fold
from search.occurrences import Finder, Span
from search.parsing import ParsedQuery, phrases

SNIPPET = 180
"""Characters of a snippet, before the marks."""
_LEAD = 40  # characters of context before the first mark

_MAX_DIRECTIVES = 3  # words that an address asks the browser to mark
_CONTEXT = 24  # characters before and behind such a word that say which one is meant


@dataclass(frozen=True, slots=True)
class Passage:
    """The part of a text that has most of what was asked for.

    `number` counts from 1, 0 being what stands before the first passage; `anchor` is where it begins on the
    document's page, "" at the top. `marks` are the words found in it, as written, each once. `fragment` asks a
    browser that can do so to mark them too (https://wicg.github.io/scroll-to-text-fragment/).
    """

    number: int
    anchor: str
    snippet: SafeString
    marks: tuple[str, ...] = ()
    fragment: str = ""

    def address(self, page: str) -> str:
        """The passage on the page of this address."""
        if "#" in page or not (self.anchor or self.fragment):
            return page
        return f"{page}#{quote(self.anchor, safe='')}{self.fragment}"


class Highlighter:
    """Marks one query's terms in any number of texts."""

    def __init__(self, query: ParsedQuery) -> None:
        self._finder = Finder(phrases(query))

    def title(self, text: str) -> SafeString:
        """The whole text with its marks."""
        return _marked(text, self._finder.spans(text), 0, len(text))

    def passage(self, text: str, starts: Sequence[Sequence[int | str]] = (), title: str = "") -> Passage:
        """The passage with the most different terms, the first of those that have as many.

        `starts` are SearchDocument.passages. The snippet is about SNIPPET characters of it, around the terms.
        """
        text = text[:MAX_TEXT]
        offsets = [int(start) for start, _anchor in starts if int(start) < len(text)]
        spans = self._finder.spans(text)
        found: dict[int, set[str]] = {}
        for first, last in spans:
            found.setdefault(bisect_right(offsets, first), set()).update(_terms_in(text[first:last]))
        number = min(found, key=lambda number: (-len(found[number]), number), default=0)
        begin = offsets[number - 1] if number else 0
        end = offsets[number] if number < len(offsets) else len(text)
        end -= len(text[begin:end]) - len(text[begin:end].rstrip())
        begin += len(text[begin:end]) - len(text[begin:end].lstrip())
        inside = [(first, last) for first, last in spans if begin <= first and last <= end]
        return Passage(
            number=number,
            anchor=str(starts[number - 1][1]) if number else "",
            snippet=self._snippet(text, inside, begin, end),
            marks=tuple(dict.fromkeys(text[first:last] for first, last in inside)),
            # What stands before the first passage is at the top, where the page opens anyway.
            fragment=_fragment(title, text, inside, begin, end) if number or not offsets else "",
        )

    def _snippet(self, text: str, spans: list[Span], begin: int, end: int) -> SafeString:
        start = self._best_start(text, spans, begin)
        last = min(end, start + SNIPPET)
        before = "… " if start > begin else ""
        after = " …" if last < end else ""
        return mark_safe(before + _marked(text, spans, start, last) + after)

    def _best_start(self, text: str, spans: list[Span], begin: int) -> int:
        if not spans:
            return begin
        words = [text[start:end].casefold() for start, end in spans]
        best, best_score, last = begin, 0, 0
        for first, (start, _) in enumerate(spans):
            while last < len(spans) and spans[last][1] <= start + SNIPPET - _LEAD:
                last += 1
            score = len(set(words[first:last]))
            if score > best_score:
                best, best_score = start, score
        start = max(begin, best - _LEAD)
        if blank := re.compile(r"\s").search(text, start, best) if start > begin else None:
            return blank.end()
        return start


def _terms_in(words: str) -> Iterator[str]:
    """What a marked run of text has of what was asked for: a stem, a code, or each pair of a Chinese run."""
    if words.isascii():
        yield fold(words) if words.isalpha() else re.sub(r"[\W_]", "", words).casefold()
    else:
        yield from (words[at : at + 2] for at in range(max(1, len(words) - 1)))


def _fragment(title: str, text: str, spans: list[Span], begin: int, end: int) -> str:
    """The text fragment of what is marked, or "": the browser goes where it finds it first, be it in a menu, so each
    is named with the words beside it, and only if they stand nowhere else.

    A step's title stands in the list of steps as well, so where there is more than one line the first is left out.
    """
    heading = text.find("\n", begin, end)
    spans = [span for span in spans if span[0] > heading]
    page = _bare(f"{title}\0{text}") if spans else ""
    directives: dict[str, None] = {}
    for first, last in spans:
        if len(directives) < _MAX_DIRECTIVES:
            directives |= dict.fromkeys(_directive(page, text, first, last))
    return ":~:" + "&".join(directives) if directives else ""


def _bare(text: str) -> str:
    """As a browser compares: without case, and here without blanks, which the page may have elsewhere."""
    return "".join(text.split()).casefold()


def _directive(page: str, text: str, first: int, last: int) -> Iterator[str]:
    line_start, line_end = text.rfind("\n", 0, first) + 1, text.find("\n", last)
    before = _beside(text[line_start:first][::-1])[::-1]
    after = _beside(text[last : len(text) if line_end < 0 else line_end])
    if not (before or after) or page.count(_bare(before + text[first:last] + after)) != 1:
        return
    prefix = _percent(before) + "-," if before else ""
    suffix = ",-" + _percent(after) if after else ""
    yield f"text={prefix}{_percent(text[first:last])}{suffix}"


def _beside(words: str) -> str:
    """The whole words at the beginning of up to _CONTEXT characters; "" if there is no letter or digit."""
    near = words[:_CONTEXT]
    if len(words) > _CONTEXT and near.isascii():
        near = near.rpartition(" ")[0]
    return near.strip() if any(map(str.isalnum, near)) else ""


def _percent(words: str) -> str:
    """Percent-encoded, "-" too, which would say prefix or suffix."""
    if words.isascii():
        return quote(words, safe="").replace("-", "%2D")
    # As valid as what quote() makes of it, in a tenth of the time.
    return "%" + words.encode(errors="replace").hex("%").upper()


def _marked(text: str, spans: list[Span], start: int, end: int) -> SafeString:
    """text[start:end] escaped, with <mark> around the spans that lie in it."""
    pieces: list[str] = []
    at = start
    for first, last in spans:
        first, last = max(first, at), min(last, end)
        if first < last:
            pieces += [escape(text[at:first]), "<mark>", escape(text[first:last]), "</mark>"]
            at = last
    pieces.append(escape(text[at:end]))
    return mark_safe("".join(pieces))  # every piece of the text is escaped above
