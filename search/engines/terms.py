"""What engines that hold finished terms have in common: how a question is read, counted, ranked and shown."""

import heapq
import time
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

from django.db import DEFAULT_DB_ALIAS
from django.utils import timezone
from django.utils.safestring import mark_safe

from search import suggesting
from search.analysis import code_term, lexemes, normalise, number_term, unpadded_term
from search.corrections import corrected
from search.engine import NEWEST, Hit, Results, SearchQuery, cutoffs
from search.engines.answers import Answers, Selection, source_weights
from search.engines.counting import Count, codes_of, counted, promised
from search.engines.ordering import in_order
from search.engines.stored import stored
from search.highlight import Highlighter
from search.meaning import model
from search.meaning.fusion import NOTHING_FUSED, Fused, fuse
from search.meaning.nearest import Near, nearest
from search.meaning.opening import opened_at
from search.models import SearchDocument
from search.parsing import Clause, ParsedQuery, parse
from search.profiles import Seen, passing, profiles
from search.ranking import (
    CANDIDATES,
    Candidate,
    Known,
    Statistics,
    Totals,
    only_term,
    rarity,
    weights_of,
)
from search.readings import Reading, heading, loosened, rarest, readings, terms_of, words_of
from search.term_groups import term_list

TELLING = 16
"""Terms of a long text by which similar documents are looked for: its rarest."""
ALIKE = 6_000
"""Documents that these terms may stand in together: more are no longer alike."""


class TermEngine(ABC):
    """The shared half. A subclass keeps Entries and answers Readings from them.

    It also is what `search.ranking` calls Statistics.
    """

    by_meaning: bool | None = None
    """Whether it searches by meaning as well; None is as the site is set."""

    def __init__(self, using: str = DEFAULT_DB_ALIAS) -> None:
        self.using = using  # the database of SearchDocument

    # What a subclass provides

    @abstractmethod
    def asking(self, statistics: Statistics) -> Answers:
        """What answers the readings of one question, which takes what is known of terms from `statistics`."""

    @abstractmethod
    def totals(self) -> Totals:
        """See search.ranking.Statistics."""

    @abstractmethod
    def frequencies(self, terms: Collection[str]) -> Mapping[str, int]:
        """See search.ranking.Statistics."""

    # Asking

    def search(self, query: SearchQuery) -> Results:
        """See Engine.search."""
        started = time.perf_counter()
        parsed = parse(query.text, terms=term_list(self.using))
        if not parsed.clauses or not query.scopes:
            return Results(took_ms=_ms_since(started))
        now, statistics = timezone.now(), Known(self)
        seen = profiles(self.using, query.scopes)
        answers = self.asking(statistics)
        whole = 0  # how many have all that was asked for
        narrower: dict[Reading, Count] = {}
        for reading in readings(parsed, statistics.frequencies):
            count = counted(answers, reading, seen, query.filters, now)
            words = words_of(reading)
            alike = count if words == reading else counted(answers, words, seen, query.filters, now)
            if not reading.some:
                whole = max(whole, alike.passing)
            # What narrows the results must not widen the question, as long as something is left of it.
            if alike.answering >= reading.enough:
                if count.passing or not reading.enough:
                    break
                narrower[reading] = count
        is_begun = not count.everything and self._is_begun(query)
        if is_begun:
            parsed = parse(query.text, prefix=True)
            reading = heading(parsed)
            count = counted(answers, reading, seen, query.filters, now)
        if only := _only_term(query, parsed):
            statistics.assume(only, count.everything)
        total, facets = count.passing, promised(count.facets, list(narrower.values()))
        selection = _selection(query, seen, now)
        near = self._near(query, parsed, reading, selection)
        fused = (
            self._fused(answers, reading, selection, query, parsed, statistics, seen, near)
            if near
            else NOTHING_FUSED
        )
        last_page = max(1, -(-(total + len(fused.alone)) // query.page_size))
        page = min(max(1, query.page), last_page)
        offset = (page - 1) * query.page_size
        some = total or fused.order
        found = (
            self._page(
                answers, reading, selection, query, parsed, statistics, seen, offset=offset, fused=fused
            )
            if some
            else []
        )
        # What stands apart is shown where nothing has it side by side.
        is_wide = not reading.all
        clauses = loosened(parsed.clauses) if is_wide else parsed.clauses if reading.some else reading.all
        marked = replace(parsed, clauses=clauses, codes=reading.codes)  # those that are borne
        return Results(
            hits=tuple(self._hits(found, marked, near=near, alone=fused.alone)),
            total=total + len(fused.alone),
            related=len(fused.alone),
            facets=facets | {"code": codes_of(answers, reading, selection, total, narrower)},
            whole=min(whole, total),
            took_ms=_ms_since(started),
            page=page,
            completed=is_begun and bool(total) and suggesting.is_word(query.text.strip()),
        )

    def suggest(self, prefix: str, scopes: frozenset[str], limit: int = 8) -> list[Hit]:
        """See Engine.suggest."""
        parsed = parse(prefix, prefix=True)
        if not parsed.clauses or not scopes:
            return []
        selection, answers = Selection(list(profiles(self.using, scopes))), self.asking(Known(self))
        most = max(limit, suggesting.LOOKED_AT)
        found: dict[int, Candidate] = {}
        for reading in (suggesting.beginning(prefix), heading(parsed)):
            if reading.all and len(found) < most:
                for one in answers.best(reading, selection, limit=most, texts=False):
                    found.setdefault(one.pk, one)
        first = suggesting.in_order(prefix, parsed, list(found.values()))[:limit]
        return self._hits([(one.pk, one.score) for one in first], parsed, snippets=False)

    def similar(self, query: SearchQuery) -> list[Hit]:
        """See Engine.similar."""
        parsed = parse(query.text, terms=term_list(self.using))
        if not parsed.clauses or not query.scopes:
            return []
        statistics = Known(self)
        rare = rarity(weights_of(query.text), statistics, parsed.synonyms)
        # The letter of a code, which every other code has, makes nothing alike.
        several = [term for term in rare if len(term) > 1 or not term.isascii()]
        telling = heapq.nlargest(TELLING, several, key=lambda term: rare[term])
        alike = [Clause(((term,), *parsed.synonyms.get(term, ()))) for term in telling]
        clauses = rarest(alike, statistics.frequencies(terms_of(alike)), ALIKE)
        frequencies = statistics.frequencies(parsed.codes)
        codes = tuple(code for code in parsed.codes if frequencies.get(code))
        if not (clauses or codes):
            return []
        seen = profiles(self.using, query.scopes)
        selection = _selection(query, seen, timezone.now())
        reading, answers = Reading(some=clauses, codes=codes), self.asking(statistics)
        offset = (query.page - 1) * query.page_size
        found = self._page(answers, reading, selection, query, parsed, statistics, seen, offset=offset)
        return self._hits(found, ParsedQuery(clauses, codes))

    def did_you_mean(self, query: SearchQuery) -> str:
        """See Engine.did_you_mean."""
        if not query.text or not query.scopes:
            return ""
        selection = Selection(list(profiles(self.using, query.scopes)))
        answers = self.asking(Known(self))

        def is_found(term: str) -> bool:
            return bool(answers.best(Reading((Clause(((term,),)),)), selection, limit=1))

        return corrected(query.text, self, is_found, self.using)

    def _is_begun(self, query: SearchQuery) -> bool:
        """Whether what finds nothing may be the beginning of what suggestions would have completed, and no slip of what
        begins so.
        """
        typed = query.text.strip().casefold()
        if not suggesting.is_word(typed):
            return suggesting.is_code(typed)
        return not self.did_you_mean(query).casefold().startswith(typed)

    def _page(
        self,
        answers: Answers,
        reading: Reading,
        selection: Selection,
        query: SearchQuery,
        parsed: ParsedQuery,
        statistics: Statistics,
        seen: Seen,
        *,
        offset: int,
        fused: Fused = NOTHING_FUSED,
    ) -> list[tuple[int, float]]:
        """(pk, score) of one page: the first CANDIDATES as search.ranking orders them, the rest as the engine does.

        What was `fused` with what meaning found stands in the place of the former.
        """
        end = offset + query.page_size
        if fused.order:
            rest: list[Candidate] = []
            if end > len(fused.order) >= CANDIDATES:
                after = CANDIDATES + max(0, offset - len(fused.order))
                others = replace(selection, without=fused.beyond)
                rest = answers.best(reading, others, limit=query.page_size, offset=after)
            shown = {pk for pk, _score in fused.order}
            further = [(one.pk, one.score) for one in rest if one.pk not in shown]
            return [*fused.order[offset:end], *further][: query.page_size]
        only = _only_term(query, parsed)
        newest = query.sort == NEWEST
        if newest or offset >= CANDIDATES:
            found = answers.best(
                reading, selection, limit=query.page_size, offset=offset, newest=newest, only=only
            )
            return [(one.pk, one.score) for one in found]
        # Asked for in two parts: of all that is found a program's long page must have each once, as short ones do.
        found = answers.best(reading, selection, limit=CANDIDATES, only=only)
        ranked = in_order(query, parsed, found, statistics, answers, seen)
        rest = []
        if end > CANDIDATES == len(found):
            rest = answers.best(reading, selection, limit=end - CANDIDATES, offset=CANDIDATES, only=only)
        return [*ranked, *((one.pk, one.score) for one in rest)][offset:end]

    def _near(
        self, query: SearchQuery, parsed: ParsedQuery, reading: Reading, selection: Selection
    ) -> Mapping[int, Near]:
        """What meaning finds; nothing where the option is off, or just what was typed is wanted."""
        # Nothing but codes, borne by some document or unknown: what is alike is no answer.
        literal = all(
            (reading.codes and clause.is_code) or clause.is_number_like for clause in parsed.clauses
        )
        is_on = model.is_on() if self.by_meaning is None else self.by_meaning
        if not is_on or literal or query.sort == NEWEST or any(clause.quoted for clause in parsed.clauses):
            return {}
        profiles_ = set(selection.profiles)

        def may_be_found(document: SearchDocument) -> bool:
            return (
                document.profile in profiles_
                and document.updated_at.timestamp() >= selection.since
                and (not selection.code or selection.code in document.codes)
            )

        found = nearest(query.text, self.using, may_be_found)
        weights = {pk: weight for weight, pks in source_weights().items() for pk in pks}
        if not weights:
            return found
        # Times the weight of its source, as in the search by words.
        weighed = {
            pk: replace(near, above=near.above * weights.get(near.profile, 1.0)) for pk, near in found.items()
        }
        return dict(sorted(weighed.items(), key=lambda item: -item[1].above))

    def _fused(
        self,
        answers: Answers,
        reading: Reading,
        selection: Selection,
        query: SearchQuery,
        parsed: ParsedQuery,
        statistics: Statistics,
        seen: Seen,
        near: Mapping[int, Near],
    ) -> Fused:
        found = answers.best(reading, selection, limit=CANDIDATES)
        ranked = in_order(query, parsed, found, statistics, answers, seen)
        # One word and no more means that word, and the like of it comes behind; "what is X" means more.
        is_word = len(parsed.clauses) == 1 and len(list(lexemes(normalise(query.text)))) == 1
        beyond: list[Candidate] = []
        if len(found) == CANDIDATES and (others := list(near.keys() - {one.pk for one in found})):
            # Words may have found these as well, behind what was looked at.
            beyond = answers.best(reading, replace(selection, only=others), limit=len(others))
        return fuse(
            ranked,
            [(pk, one.above) for pk, one in near.items()],
            first=[one.pk for one in found if one.exact or is_word],
            beyond=[one.pk for one in beyond],
        )

    def _hits(
        self,
        found: Iterable[tuple[int, float]],
        parsed: ParsedQuery,
        *,
        snippets: bool = True,
        near: Mapping[int, Near] = MappingProxyType({}),
        alone: Collection[int] = (),
    ) -> list[Hit]:
        scores = dict(found)
        documents = stored(list(scores), self.using, texts=snippets)
        highlighter = Highlighter(parsed)
        return [
            shown(
                documents[pk],
                score,
                parsed,
                highlighter,
                snippets=snippets,
                near=near.get(pk),
                is_alone=pk in alone,
            )
            for pk, score in scores.items()
            if pk in documents
        ]


def _only_term(query: SearchQuery, parsed: ParsedQuery) -> str:
    """The one term that is asked for, in one form; else ""."""
    return only_term(query.text) if len(parsed.clauses) == 1 and not parsed.synonyms else ""


def shown(
    document: SearchDocument,
    score: float,
    parsed: ParsedQuery,
    highlighter: Highlighter,
    *,
    snippets: bool = True,
    near: Near | None = None,
    is_alone: bool = False,
) -> Hit:
    """The document as a hit, what was asked for marked in it.

    What meaning found `near`, where there is nothing to mark, opens there; if that is all there is, it `is_alone`.
    """
    title = highlighter.title(document.title)
    if not snippets:
        return Hit(document, score, title, mark_safe(""), document.url, titled="<mark>" in title)
    passage = highlighter.passage(document.text, document.passages, document.title)
    if near and (is_alone or not (passage.marks or "<mark>" in title)):
        url, snippet = opened_at(document, near.start)
        return Hit(document, score, title, snippet, url, by_meaning=is_alone)
    return Hit(
        document,
        score,
        title,
        passage.snippet,
        passage.address(document.url),
        passage=passage.number if passage.marks else 0,
        marks=passage.marks,
        codes=borne(document, parsed),
        titled="<mark>" in title,
    )


def borne(document: SearchDocument, parsed: ParsedQuery) -> tuple[str, ...]:
    """The document's codes that were asked for."""
    if not parsed.codes:
        return ()
    bears = dict.fromkeys(filter(None, (document.number, *document.codes)))
    forms = {code: {code_term(code), unpadded_term(code)} for code in bears}
    for code in document.codes:
        forms[code].add(number_term(code))
    return tuple(code for code in bears if not forms[code].isdisjoint(parsed.codes))


def selected(query: SearchQuery) -> Selection:
    """What the query's scopes and filters leave to be found, in the site's own database."""
    return _selection(query, profiles(DEFAULT_DB_ALIAS, query.scopes), timezone.now())


def _selection(query: SearchQuery, seen: Seen, now: datetime) -> Selection:
    """What the query's filters leave of the profiles that may be seen."""
    found = passing(seen, query.filters)
    if not query.updated:
        return Selection(found, code=query.code)
    since = cutoffs(now).get(query.updated)
    return Selection(found if since else [], int(since.timestamp()) if since else 0, query.code)


def _ms_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
