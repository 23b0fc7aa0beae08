"""Elasticsearch 8 over finished terms: it matches, counts and chooses candidates; all the rest is as on every engine.

A document's id there is its primary key and its version its revision, so that an older state never wins over a newer
one, however late or often it is told.
"""

import itertools
import logging
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from functools import cached_property
from typing import Any, NoReturn

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS
from elasticsearch import Elasticsearch, NotFoundError
from elasticsearch.helpers import streaming_bulk

from search import agreement, outbox, switching
from search.analysis import MARK
from search.documents import Entry
from search.engines import elastic_bulk as bulk
from search.engines import elastic_queries as queries
from search.engines.alone import alone
from search.engines.answers import Answers, Selection, source_weights
from search.engines.cluster import Cluster
from search.engines.elastic_index import Indices, check_prefix
from search.engines.elastic_refill import Refill
from search.engines.fed import FedEngine
from search.models import PendingChange, SearchDocument
from search.outbox import Unreachable
from search.ranking import Candidate, Statistics, Totals
from search.readings import Reading

WINDOW = 10_000
"""Hits that Elasticsearch counts through in one request."""
SMALL = 100
"""Documents told at once, up to which they can be found at once; more are found within a second."""
CHECKED_FOR = 60.0
"""Seconds for which the index, once looked at, is taken to be as it was."""
LOOKED_AGAIN = 5.0
"""Seconds after which it is looked at again where nothing is found."""
STATISTICS_FOR = 10.0
"""Seconds for which the sums over all documents are taken to be as they were."""
RETRIES = 2
"""How often what came too fast is told again, at once; then it waits in the outbox."""

_BUCKETS = 10_000  # profiles counted in one request
_MOST_CODES = 10_000

logger = logging.getLogger(__name__)
_a_visitor_waits = ContextVar("_a_visitor_waits", default=False)


class ElasticEngine(FedEngine):
    """See search.engine.Engine. Asking and telling raise outbox.Unreachable, never anything of the client's."""

    def __init__(self, using: str = DEFAULT_DB_ALIAS, prefix: str = "") -> None:
        super().__init__(using)
        self._prefix = prefix or settings.REDLINE_ELASTICSEARCH_PREFIX
        self._checked_until = 0.0  # of time.monotonic()
        self._returns = 0  # of the cluster, as far as known
        self._totals = (Totals(0, 0, 0), 0.0)  # and until when, of time.monotonic(), they are good

    @cached_property
    def cluster(self) -> Cluster:
        """Connected when first needed: a process that forks must not share connections."""
        with _set_right():
            return Cluster()

    @cached_property
    def indices(self) -> Indices:
        """Where the documents are."""
        with _set_right():
            return Indices(self.cluster, self._prefix)

    def misconfigured(self) -> Iterator[str]:
        """See FedEngine. It connects to nothing."""
        for made in (Cluster, lambda: check_prefix(self._prefix)):
            try:
                made()
            except ImproperlyConfigured as error:
                yield str(error)

    # Asking

    def asking(self, statistics: Statistics) -> Answers:
        """See TermEngine. Nothing is remembered: each answer takes one request."""
        return self

    def best(
        self,
        reading: Reading,
        selection: Selection,
        *,
        limit: int,
        offset: int = 0,
        newest: bool = False,
        texts: bool = True,
        only: str = "",
    ) -> list[Candidate]:
        """See Answers.best."""
        if newest:
            query, order = queries.found(reading, selection), "updated"
        else:
            weights = source_weights()
            query, order = queries.ranked(reading, selection, weights), "_score"
        body: dict[str, Any] = {
            "query": query,
            "size": min(limit, WINDOW),
            "sort": [{order: "desc"}, {"id": "asc"}],
            "track_total_hits": False,
        }
        if not texts:
            body["_source"] = {"excludes": ["text"]}
        if offset + limit <= WINDOW:
            body["from"] = offset
        elif offset and not (body := self._from(body, offset)):
            return []
        hits = self._search(body)["hits"]["hits"]
        if not all(_is_ours(hit) for hit in hits):
            self._raise_others()
        weight_of = {} if newest else {pk: weight for weight, pks in weights.items() for pk in pks}
        return [_candidate(hit, weight_of, scored=not newest) for hit in hits]

    def counts(
        self, reading: Reading, selection: Selection, spans: Sequence[int]
    ) -> list[tuple[int, int, int]]:
        """See Answers.counts."""
        ranges = [
            {"key": str(span)} | {"from": since} | ({"to": spans[span - 1]} if span else {})
            for span, since in enumerate(spans)
        ]
        ranges.append({"key": str(len(spans)), "to": spans[-1]})
        partitions = -(-len(selection.profiles) // _BUCKETS)
        counted: list[tuple[int, int, int]] = []
        known = set(map(str, selection.profiles))
        for partition in range(partitions):
            part = (
                {"include": {"partition": partition, "num_partitions": partitions}} if partitions > 1 else {}
            )
            body = {
                "query": queries.found(reading, selection),
                "size": 0,
                "aggs": {
                    "profiles": {
                        "terms": {"field": "profile", "size": len(selection.profiles)} | part,
                        "aggs": {"spans": {"range": {"field": "updated", "ranges": ranges}}},
                    }
                },
            }
            for profile in self._search(body)["aggregations"]["profiles"]["buckets"]:
                if profile["key"] not in known:  # a document of ours has one profile
                    self._raise_others()
                counted += [
                    (int(profile["key"]), int(span["key"]), span["doc_count"])
                    for span in profile["spans"]["buckets"]
                    if span["doc_count"]
                ]
        if not counted and self._checked_until - time.monotonic() < CHECKED_FOR - LOOKED_AGAIN:
            # Another index in its place, with none of our fields, finds nothing either.
            self._checked_until = 0.0
            with self._asked():
                pass
        return counted

    def code_counts(self, reading: Reading, selection: Selection) -> Mapping[str, int]:
        """See Answers.code_counts."""
        body = {
            "query": queries.found(reading, selection),
            "size": 0,
            "aggs": {"codes": {"terms": {"field": "code", "size": _MOST_CODES}}},
        }
        found = self._search(body)["aggregations"]["codes"]["buckets"]
        return {code["key"]: code["doc_count"] for code in found}

    def totals(self) -> Totals:
        """See search.ranking.Statistics. Of a few seconds ago at most."""
        totals, until = self._totals
        if time.monotonic() >= until:
            self.frequencies(())
            totals, _until = self._totals
        return totals

    def frequencies(self, terms: Collection[str]) -> Mapping[str, int]:
        """See search.ranking.Statistics. The vectors of a document that is not there know them all.

        They are of one shard, and so are the totals that come with them: the more shards, the less exact.
        """
        with self._asked() as client:
            vectors = client.termvectors(
                index=self.indices.read,
                doc={"title": MARK, "text": MARK, "terms": " ".join(terms)},
                fields=["title", "text", "terms"],
                term_statistics=True,
                field_statistics=True,
                positions=False,
                offsets=False,
                payloads=False,
            ).body["term_vectors"]
        title, text = (
            vectors.get(field, {}).get("field_statistics", {"doc_count": 0, "sum_ttf": 0})
            for field in ("title", "text")
        )
        totals = Totals(*(max(0, n) for n in (title["doc_count"], title["sum_ttf"], text["sum_ttf"])))
        self._totals = totals, time.monotonic() + STATISTICS_FOR
        known = vectors.get("terms", {}).get("terms", {})
        return {term: known[term]["doc_freq"] for term in terms if known.get(term, {}).get("doc_freq")}

    def _raise_others(self) -> NoReturn:
        """What somebody else put into the index is counted with ours: it is made anew, and asked then."""
        logger.error("The search index has documents that are not Redline's.")
        if self.using == DEFAULT_DB_ALIAS:
            switching.doubt()
        raise Unreachable("the search index has documents that are not Redline's")

    @contextmanager
    def _asked(self, *, writing: bool = False) -> Iterator[Elasticsearch]:
        """See Cluster.asked; raises Unreachable as well where the index is not what this version needs."""
        if time.monotonic() >= self._checked_until:
            if why := self.indices.complaint():
                logger.error("The search index must be rebuilt (manage.py rebuild_search): %s", why)
                raise Unreachable(f"The search index must be rebuilt (manage.py rebuild_search): {why}")
            self._checked_until = time.monotonic() + CHECKED_FOR
        try:
            with self.cluster.asked(writing=writing and not _a_visitor_waits.get()) as client:
                yield client
            if self.cluster.returns != self._returns:
                self._returns = self.cluster.returns
                self._paused_until = 0.0  # what waits is told
        except NotFoundError as error:
            self._checked_until = 0.0
            raise Unreachable(f"Elasticsearch has no such index: {error}") from error

    def _search(self, body: dict[str, Any]) -> Mapping[str, Any]:
        with self._asked() as client:
            # What some shards know is not an answer: less would be found and counted without a word.
            answer: Mapping[str, Any] = client.search(
                index=self.indices.read, allow_partial_search_results=False, body=body
            ).body
        return answer

    def _from(self, body: dict[str, Any], offset: int) -> dict[str, Any]:
        """The same request from further on than Elasticsearch counts; {} where there is nothing."""
        asked = {**body, "_source": False}
        while offset:
            asked["size"] = min(offset, WINDOW)
            hits = self._search(asked)["hits"]["hits"]
            if len(hits) < asked["size"]:
                return {}
            offset -= len(hits)
            asked["search_after"] = hits[-1]["sort"]
        return {**body, "search_after": asked["search_after"]}

    # Telling

    def catch_up(self) -> None:
        """See FedEngine. Whoever asks waits no longer for this than for the answer."""
        waits = _a_visitor_waits.set(True)
        try:
            super().catch_up()
        finally:
            _a_visitor_waits.reset(waits)

    def turn(self) -> AbstractContextManager[object]:
        """See outbox.Listener. Elasticsearch itself tells an older state from a newer."""
        return nullcontext()

    def put(self, entries: Sequence[Entry]) -> Mapping[int, str]:
        """See outbox.Listener."""
        refused, newer = self._tell(map(bulk.put, entries), few=len(entries) <= SMALL)
        if newer:
            # Whoever told it has committed it before: a database that does not know of it went back.
            told = {entry.pk: entry.revision for entry in entries}
            stored = SearchDocument.objects.using(self.using).filter(pk__in=newer)
            _raise_if_ahead(
                pk for pk, revision in stored.values_list("pk", "revision") if revision <= told[pk]
            )
        return refused

    def drop(self, gone: Mapping[int, int]) -> Mapping[int, str]:
        """See outbox.Listener."""
        refused, newer = self._tell(itertools.starmap(bulk.drop, gone.items()), few=len(gone) <= SMALL)
        _raise_if_ahead(newer)  # nothing comes after an end
        return refused

    def _tell(self, actions: Iterable[bulk.Action], *, few: bool) -> tuple[Mapping[int, str], list[int]]:
        """({pk: why} of those it will not take, those of which it has a newer revision)."""
        with self._asked(writing=True) as client:
            answers = streaming_bulk(
                client,
                actions,
                index=self.indices.write,
                require_alias=True,  # else a missing alias would be made an index of nobody's mapping
                refresh=few,
                max_retries=RETRIES,
                retry_on_status=list(bulk.LATER),
                initial_backoff=0.1,
                **bulk.HOW,
            )
            refused = list(bulk.refusals(answers))
        self._totals = self._totals[0], 0.0
        newer = [refusal.pk for refusal in refused if refusal.is_conflict]
        if len(newer) < len(refused):  # it may be the index that refuses, and not this document
            self._checked_until = 0.0
            with self._asked():
                pass
        bulk.raise_if_closed(refused)
        return {refusal.pk: str(refusal) for refusal in refused if not refusal.is_conflict}, newer

    # Rebuilding

    def prepare(self) -> str:
        """See FedEngine.prepare. Raises RebuildUnderWay where somebody else makes it anew."""
        why = self.indices.complaint()
        if why:
            logger.warning("The search index is made anew: %s", why)
            self.refill()
        return why

    def disagreement(self) -> str:
        """See FedEngine."""
        with self._asked():
            return agreement.complaint(self.indices.sums)

    def refill(self) -> None:
        """See FedEngine.refill. Raises RebuildUnderWay, and Unreachable, after which the old one is in use as before."""
        with alone(self._prefix):
            refill = Refill(self.cluster, self.indices, self.using)
            if self.using == DEFAULT_DB_ALIAS:
                with outbox.all_heard() as refused:
                    refill.run()
                    refused |= refill.refused
                known = set(PendingChange.objects.values_list("document", flat=True))
                outbox.note(
                    {pk: refill.held[pk] for pk in refill.refused.keys() - known if pk in refill.held}
                )
            else:
                refill.run()
        self._checked_until = self._paused_until = 0.0
        self._totals = self._totals[0], 0.0


@contextmanager
def _set_right() -> Iterator[None]:
    """What is set wrong (`manage.py check` says it) is an engine that is away: the database answers."""
    try:
        yield
    except ImproperlyConfigured as error:
        raise Unreachable(str(error)) from error


def _raise_if_ahead(pks: Iterable[int]) -> None:
    if ahead := list(pks):
        raise outbox.Ahead(
            f"Elasticsearch has newer revisions than the database, e.g. of document {ahead[0]}"
        )


def _is_ours(hit: Mapping[str, Any]) -> bool:
    """Whether it has what source_of() tells, as far as it is asked for."""
    source = hit.get("_source", {})
    return (
        hit["_id"] == str(source.get("id"))
        and isinstance(source.get("profile"), int)
        and all(isinstance(source.get(name), str) for name in ("title", "codes"))
        and isinstance(source.get("text", ""), str)
    )


def _candidate(hit: Mapping[str, Any], weight_of: Mapping[int, float], *, scored: bool) -> Candidate:
    source = hit["_source"]
    score = hit["sort"][0] if scored else 0.0
    exact = score >= queries.EXACT
    return Candidate(
        int(hit["_id"]),
        source["title"],
        source["codes"],
        source.get("text", ""),
        weight=weight_of.get(source["profile"], 1.0),
        score=score - queries.EXACT if exact else score,
        exact=exact,
        profile=source["profile"],
    )
