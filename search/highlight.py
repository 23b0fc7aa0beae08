"""Marks what was found in the original text of the hits shown, as HTML that is safe to print."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import reduce
from html import escape
from operator import or_
from typing import NamedTuple
from urllib.parse import quote

from django.utils.safestring import SafeString

from search.analysis import CJK, MAX_TEXT, analyse
from search.occurrences import Finder, Found, Span, joined
from search.parsing import ParsedQuery, asked, is_empty_word
from search.units import DASHES

SNIPPET = 180
"""Characters of an English snippet, before the marks."""
_LEAD = 40  # characters of context before the first mark

_MAX_DIRECTIVES = 3  # words that an address asks the browser to mark
_CONTEXT = 24  # characters before and behind such a word that say which one is meant
_LONGEST_TITLE = 200  # characters of a passage's first line that may be its title
_PERCENT = str.maketrans({chr(code): quote(chr(code), safe="") for code in range(128)} | {"-": "%2D"})
_WORD_END = re.compile(
    f"[^\\W_](?=\\s|[^\\w\\x00-\\x7f])|[{CJK}](?=[^\\W_])(?![{CJK}])|[^\\W_](?<![{CJK}])(?=[{CJK}])"
)


class Passage(NamedTuple):
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


class _Nearest(NamedTuple):
    """How well a passage has what was asked for; the least is the best. `start` and `end` are where it stands."""

    is_other: bool  # its title is not what was asked for
    is_apart: bool  # what was asked for does not stand side by side in it, in that order
    length: int
    start: int
    end: int


class Highlighter:
    """Marks one query's terms in any number of texts."""

    def __init__(self, query: ParsedQuery) -> None:
        self._finder = Finder(asked(query))
        # The only phrasing of all that is asked for stands as asked wherever it stands.
        is_single = [len(clause.alternatives) for clause in query.clauses] == [1]
        is_asked = len(query.verbatim) > 1 and not is_single
        self._verbatim_finder = Finder([[query.verbatim]] if is_asked else [])
        self._title = _told(query.verbatim)
        self._everything = (1 << len(query.clauses)) - 1

    def title(self, text: str) -> SafeString:
        """The whole text with its marks."""
        return _marked(text, self._finder.spans(text), 0, len(text))

    def passage(self, text: str, starts: Sequence[Sequence[int | str]] = (), title: str = "") -> Passage:
        """The passage with the most different things that were asked for; of those that have as many, the one that
        has them as its title, then side by side as asked, then nearest to one another, then the first.

        `starts` are SearchDocument.passages. The snippet is about SNIPPET characters of it, around the terms.
        """
        text = text[:MAX_TEXT]
        offsets = [int(start) for start, _anchor in starts if int(start) < len(text)]
        found: dict[int, list[Found]] = {}
        things: dict[int, int] = {}
        for place in self._finder.places(text):
            number = bisect_right(offsets, place.start)
            if place.end > (offsets[number] if number < len(offsets) else len(text)):
                continue
            found.setdefault(number, []).append(place)
            things[number] = things.get(number, 0) | place.things
        most = max(map(int.bit_count, things.values()), default=0)
        best = [number for number in found if things[number].bit_count() == most]
        borders = [0, *offsets, len(text)]
        nearest = {
            number: self._nearest(
                text, found[number], things[number], borders[number : number + 2], is_alone=len(best) == 1
            )
            for number in best
        }
        # What stands before the first passage sums up, or lists parts: the step itself is where it is done.
        number = min(best, key=lambda number: (nearest[number][:3], not number, number), default=0)
        begin, end = borders[number : number + 2]
        end -= len(text[begin:end]) - len(text[begin:end].rstrip())
        begin += len(text[begin:end]) - len(text[begin:end].lstrip())
        marks = joined(found.get(number, ()))
        # A step's title stands in the list of steps as well.
        heading = text.find("\n", begin, end) if number else -1
        pointed_at = [mark for mark in marks if mark.start > heading]
        near = nearest.get(number)
        return Passage(
            number=number,
            anchor=str(starts[number - 1][1]) if number else "",
            snippet=_snippet(text, marks, near, begin, end),
            marks=tuple(dict.fromkeys(text[mark.start : mark.end] for mark in marks)),
            # What stands before the first passage is at the top, where the page opens anyway.
            fragment=_fragment(f"{title}\0{text}", text, pointed_at, near) if number or not offsets else "",
        )

    def _nearest(
        self, text: str, places: list[Found], things: int, borders: Sequence[int], *, is_alone: bool
    ) -> _Nearest:
        is_whole = things == self._everything
        part = text[slice(*borders)] if is_whole or not is_alone else ""
        is_other = True
        if not is_alone:
            line = part.lstrip().partition("\n")[0]
            is_other = len(line) > _LONGEST_TITLE or _told(analyse(line).stream) != self._title
        if is_whole and (sides := self._verbatim_finder.spans(part)):
            first, last = sides[0]
            return _Nearest(is_other, False, last - first, borders[0] + first, borders[0] + last)
        return _Nearest(is_other, True, *_tightest(places, things))


def _told(stream: Sequence[str]) -> list[str]:
    """The words that say something."""
    return [term for term in stream if not is_empty_word(term)]


def _tightest(places: list[Found], things: int) -> tuple[int, int, int]:
    """(length, start, end) of the shortest part of a text that has these things, the first of several."""
    if not things & (things - 1):  # one thing
        return places[0].end - places[0].start, places[0].start, places[0].end
    best = (MAX_TEXT + 1, 0, 0)
    met: dict[int, Found] = {}  # things of a place -> the last place that has just these
    seen = 0
    for place in places:
        met.pop(place.things, None)  # so that they stand in the order they were met
        met[place.things] = place
        seen |= place.things
        if seen == things:
            missing = things
            start, end = place.start, place.end
            for one in reversed(met.values()):
                if one.things & missing:
                    missing &= ~one.things
                    start, end = min(start, one.start), max(end, one.end)
                    if not missing:
                        break
            best = min(best, (end - start, start, end))
    return best


def room_for(text: str) -> int:
    """Characters of a snippet of such a text: half as many of Chinese, where each is as wide as two."""
    beginning = text[:SNIPPET]
    wide = len(beginning) - len(beginning.encode("ascii", "ignore"))
    return SNIPPET // 2 if 2 * wide > min(SNIPPET, len(text)) else SNIPPET


def _snippet(text: str, marks: list[Found], near: _Nearest | None, begin: int, end: int) -> SafeString:
    room = room_for(text[begin:end])
    start = _best_start(text, marks, near, begin, room)
    last = min(end, start + room)
    last = _whole_until(text, last, end) if last < end else end
    last = next((mark.end for mark in marks if mark.start < last < mark.end), last)
    before = "… " if start > begin else ""
    after = " …" if last < end else ""
    spans = [(mark.start, mark.end) for mark in marks]
    return SafeString(before + _marked(text, spans, start, last) + after)


# A number, or range of them, with what it counts ("wait 1" is not "wait 10 minutes", nor "5 m" 5 mΩ), or a word.
_NUMBER = r"\d+(?:[.,/]\d+)*(?:[ \u00a0\u202f]\d{3}(?!\d))*"
_WHOLE = re.compile(
    rf"{_NUMBER}(?: ?[{DASHES}\uff5e] ?[-\u2212]?{_NUMBER})*"
    rf"(?:[ \u00a0\u202f]?(?:[%‰]|[A-Za-zµμΩΩ°℃℉·/²³⁻¹]{{1,12}}|[{CJK}]{{1,3}}))?"
    r"|[A-Za-z][A-Za-z\d_.,/-]*"
)
_FAR = 40  # characters of such a whole that are looked at


def _whole_until(text: str, last: int, end: int) -> int:
    """Where a snippet ends that is to end there: behind the word or quantity that this would cut."""
    begin = _blank_before(text, last)
    for found in _WHOLE.finditer(text, begin, min(end, last + _FAR)):
        if found.start() < last < found.end():
            return found.end()
    return last


def _whole_from(text: str, start: int, begin: int) -> int:
    """Where it begins: before the word or quantity that this would cut."""
    for found in _WHOLE.finditer(text, max(begin, start - _FAR), start + _FAR):
        if found.start() < start < found.end():
            return found.start()
    return start


def _blank_before(text: str, place: int) -> int:
    """Where to begin to look, so as not to begin within what is looked for."""
    far = max(0, place - _FAR)
    blank = text.find(" ", far, place - 1) if far else 0
    return max(far, blank)


def _best_start(text: str, marks: list[Found], near: _Nearest | None, begin: int, room: int) -> int:
    """Where the snippet begins that has it all as near as it stands, or else as much of it as there is room for."""
    if near is None:
        return begin
    lead = room * _LEAD // SNIPPET
    best, most, last = near.start, 0, 0
    for first, mark in enumerate(marks if near.length > room - lead else ()):
        while last < len(marks) and marks[last].end <= mark.start + room - lead:
            last += 1
        different = reduce(or_, (one.things for one in marks[first:last]), 0).bit_count()
        if different > most:
            best, most = mark.start, different
    start = max(begin, best - lead)
    if blank := re.compile(r"\s").search(text, start, best) if start > begin else None:
        return blank.end()
    return _whole_from(text, start, begin)


def _fragment(page: str, text: str, marks: list[Found], near: _Nearest | None) -> str:
    """The text fragment of what is marked, or "": the browser goes where it finds it first, be it in a menu, so each
    is named with the words beside it, and only if they stand nowhere else on the page.

    Few are named: first each thing once, where they stand nearest, then what is left.
    """
    if not marks or near is None:
        return ""
    page = _bare(page)
    inside = [mark for mark in marks if near.start <= mark.start and mark.end <= near.end]
    rest = list(dict.fromkeys((*inside, *marks)))
    named: list[str] = []
    seen = 0
    for wants_new in (True, False):
        several: dict[str, int] = {}
        known: list[Found] = []
        for mark in rest:
            if len(named) + len(several) == _MAX_DIRECTIVES:
                break
            if wants_new and not mark.things & ~seen:
                known.append(mark)
                continue
            directive = _directive(page, text, mark.start, mark.end)
            if directive and directive not in named:
                several.setdefault(directive, mark.start)
                seen |= mark.things
        # A browser goes to the first.
        named += sorted(several, key=lambda one: several[one])
        rest = known
    return ":~:" + "&".join(named) if named else ""


def _bare(text: str) -> str:
    """As a browser compares: without case, and here without blanks, which the page may have elsewhere."""
    return "".join(text.split()).casefold()


def _directive(page: str, text: str, first: int, last: int) -> str:
    """What asks a browser to mark text[first:last]; "" where it cannot be told from another place.

    No part of it reaches over the end of a line or of a table's cell: a browser looks for each in one block. What
    stands alone in its cell is told by the cells beside it.
    """
    start, end = text.rfind("\n", 0, first) + 1, text.find("\n", last)
    *_, cell_before, before = ("", *text[start:first].split("\t"))
    after, cell_after, *_ = (*text[last : len(text) if end < 0 else end].split("\t"), "")
    before, after = _beside(before[::-1])[::-1], _beside(after)
    if not (before or after):
        before, after = _beside(cell_before[::-1])[::-1], _beside(cell_after)
    if not (before or after) or page.count(_bare(before + text[first:last] + after)) != 1:
        return ""
    prefix = _percent(before) + "-," if before else ""
    suffix = ",-" + _percent(after) if after else ""
    return f"text={prefix}{_percent(text[first:last])}{suffix}"


def _beside(words: str) -> str:
    """The whole words at the beginning of up to _CONTEXT characters; "" if there is no letter or digit.

    A browser wants the outer end to be the end of a word. In Chinese that is sure only at a sign or another script.
    """
    near = words[:_CONTEXT]
    if len(words) > _CONTEXT:
        if near.isascii():
            near = near.rpartition(" ")[0]
        elif ends := [match.end() for match in _WORD_END.finditer(words, 0, _CONTEXT + 1)]:
            near = words[: ends[-1]]
    return near.strip() if any(map(str.isalnum, near)) else ""


def _percent(words: str) -> str:
    """Percent-encoded, "-" too, which would say prefix or suffix."""
    if words.isascii():
        return words.translate(_PERCENT)
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
    return SafeString("".join(pieces))  # every piece of the text is escaped above
