"""Marks what was found in the original text of the hits shown, as HTML that is safe to print."""

import re
from functools import lru_cache

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from search.analysis import MAX_TEXT, fold, take_apart
from search.characters import plain
from search.parsing import ParsedQuery, Phrase, phrases

SNIPPET = 180
"""Characters of a snippet, before the marks."""
_LEAD = 40  # characters of context before the first mark
_MAX_SPANS = 400  # spans looked at in one text
_BETWEEN = "[-_./, \u2010\u2013\u2212]?"  # what may stand between the characters of a code

Span = tuple[int, int]


class _PlainForms(dict[str, str]):
    """Character -> its plain form, worked out once each."""

    def __missing__(self, char: str) -> str:
        form = self[char] = plain(char)
        return form


_plain = _PlainForms()


class Highlighter:
    """Marks one query's terms in any number of texts."""

    def __init__(self, query: ParsedQuery) -> None:
        self._wanted = set(phrases(query))
        patterns = sorted({_pattern(phrase) for phrase in self._wanted}, key=len, reverse=True)
        # Looking ahead finds overlapping terms too, as the bigrams of one Chinese word are.
        self._regex = re.compile(f"(?=({'|'.join(patterns)}))", re.IGNORECASE) if patterns else None
        self._stems = {phrase[-1] for phrase in self._wanted}

    def title(self, text: str) -> SafeString:
        """The whole text with its marks."""
        return _marked(text, self._spans(text), 0, len(text))

    def snippet(self, text: str) -> SafeString:
        """About SNIPPET characters around the most different terms, or the beginning if none stands there."""
        text = text[:MAX_TEXT]
        spans = self._spans(text)
        start = self._best_start(text, spans)
        end = min(len(text), start + SNIPPET)
        before = "… " if start else ""
        after = " …" if end < len(text) else ""
        return mark_safe(before + _marked(text, spans, start, end) + after)

    def _spans(self, text: str) -> list[Span]:
        """Where in the original text terms stand, in order and apart."""
        if self._regex is None:
            return []
        forms = [_plain[char] for char in text]
        plain = "".join(forms)
        # A character such as ℃ is two in its plain form: map plain offsets back to the original's.
        origin: list[int] | None = None
        if len(plain) != len(text):
            origin = [index for index, form in enumerate(forms) for _ in form] + [len(text)]
        spans: list[Span] = []
        for match in self._regex.finditer(plain):
            if len(spans) >= _MAX_SPANS:
                break
            if self._is_term(match[1]):
                start, end = match.span(1)
                start, end = (origin[start], origin[end - 1] + 1) if origin else (start, end)
                if spans and start <= spans[-1][1]:
                    start, end = spans[-1][0], max(end, spans.pop()[1])
                spans.append((start, end))
        return spans

    def _is_term(self, found: str) -> bool:
        """Whether a word that begins like a term has its stem ("station" begins like "state")."""
        if not (found.isascii() and found.isalpha()):
            return True
        return fold(found) in self._stems or take_apart(found).parts in self._wanted

    def _best_start(self, text: str, spans: list[Span]) -> int:
        if not spans:
            return 0
        words = [text[start:end].casefold() for start, end in spans]
        best, best_score, last = 0, 0, 0
        for first, (start, _) in enumerate(spans):
            while last < len(spans) and spans[last][1] <= start + SNIPPET - _LEAD:
                last += 1
            score = len(set(words[first:last]))
            if score > best_score:
                best, best_score = start, score
        start = max(0, best - _LEAD)
        if blank := re.compile(r"\s").search(text, start, best) if start else None:
            return blank.end()
        return start


@lru_cache(maxsize=1_000)
def _pattern(phrase: Phrase) -> str:
    """A regular expression for a phrase as people write it: separators between, endings after a stem."""
    *firsts, last = phrase
    pieces = [_piece(term) for term in firsts] + [_piece(last, open_end=True)]
    return r"[\W_]{0,3}".join(pieces)


def _piece(term: str, *, open_end: bool = False) -> str:
    if not term.isascii():
        return re.escape(term)
    if term.isdigit():
        # Also in groups: 1,000 and 4022.636.12345.
        between = _BETWEEN if len(term) > 4 else ""
        digits = f"{term[0]}[, ]?{term[1:]}" if len(term) == 4 else between.join(term)
        return rf"(?<!\d){digits}(?!\d)"
    if not term.isalpha():  # a joined code: any separator may stand between its letters and digits
        return r"(?<![a-z0-9])" + _BETWEEN.join(term) + ("(?![a-z0-9])" if open_end else "")
    # Snowball ends "battery" and "batteries" alike in "batteri", and "calibrate" in "calibr".
    stem = term[:-1] if term.endswith("i") and len(term) > 3 else term
    return rf"(?<![a-z]){stem}[a-z]*"


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
