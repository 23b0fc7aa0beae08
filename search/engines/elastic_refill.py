"""A new index in the place of the one in use, while people search and write: no change is lost, no document returns."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from elasticsearch.helpers import parallel_bulk, streaming_bulk

from search.documents import BATCH, Entry, entry_of, in_batches
from search.engines.cluster import Cluster
from search.engines.elastic_bulk import HOW, LATER, Refusal, drop, put, raise_if_closed, refusals
from search.engines.elastic_index import Indices
from search.models import SearchDocument
from search.outbox import Unreachable

CATCH_UPS = 10
"""How often to look for what changed meanwhile before the swap, at most."""
RETRIES = 6
"""How often what came too fast is told again, each time after twice as long."""

_THREADS = 2


class Refill:
    """One rebuild. `held` is what the new index has, {pk: revision}; `refused` what it will not take, and why.

    Writers tell the old index meanwhile, as always, and need not know of the new one: it is compared with the
    database, before the swap until there is no difference and once more after it. Whatever was told to the old index
    in between was committed before, and is seen then.
    """

    def __init__(self, cluster: Cluster, indices: Indices, using: str) -> None:
        self.held: dict[int, int] = {}
        self.refused: dict[int, str] = {}
        self._cluster = cluster
        self._indices = indices
        self._using = using

    def run(self) -> None:
        """Do it. To be called alone. Raises Unreachable, after which the old index is in use as before."""
        self._indices.remove_others()
        name = self._indices.create()
        try:
            self.add(name, self._all())
            for _attempt in range(CATCH_UPS):
                if not self._catch_up(name):
                    break
            self._indices.swap_in(name)
        except BaseException:  # interrupted as well: what is half filled goes
            with suppress(Unreachable):  # then the next one does it
                self._indices.remove_others()
            raise
        self._catch_up(name)
        self._indices.remove_others(name)

    def add(self, name: str, entries: Iterable[Entry]) -> None:
        """Add entries to the index of that name."""
        late = self._send(name, entries)
        for attempt in range(RETRIES):
            if not late:
                return
            time.sleep(0.5 * 2**attempt)  # an overloaded cluster does not say when to come back
            late = self._send(name, self._these([refusal.pk for refusal in late]))
        raise_if_closed(late)

    def _send(self, name: str, entries: Iterable[Entry]) -> list[Refusal]:
        """Add by several connections; returns what may go well another time."""
        with self._cluster.asked(patient=True) as client:
            answers = parallel_bulk(
                client,
                map(put, self._noting(entries)),
                thread_count=_THREADS,
                queue_size=_THREADS,
                index=name,
                **HOW,
            )
            refused = [one for one in refusals(answers) if not one.is_conflict]
        raise_if_closed(one for one in refused if one.status not in LATER)
        self.refused |= {one.pk: str(one) for one in refused if one.status not in LATER}
        return [one for one in refused if one.status in LATER]

    def _catch_up(self, name: str) -> int:
        """Bring the index up to the database; returns how many documents changed."""
        now = dict(SearchDocument.objects.using(self._using).values_list("pk", "revision"))
        changed = [pk for pk, revision in now.items() if self.held.get(pk, -1) < revision]
        gone = {pk: self.held.pop(pk) + 1 for pk in [pk for pk in self.held if pk not in now]}
        if changed:
            self.add(name, self._these(changed))
        with self._cluster.asked(patient=True) as client:
            if gone:
                answers = streaming_bulk(
                    client,
                    (drop(pk, revision) for pk, revision in gone.items()),
                    index=name,
                    max_retries=RETRIES,
                    retry_on_status=list(LATER),
                    **HOW,
                )
                raise_if_closed(refusals(answers))
            if changed or gone:
                client.indices.refresh(index=name)
        return len(changed) + len(gone)

    def _noting(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        for entry in entries:
            self.held[entry.pk] = entry.revision
            yield entry

    def _all(self) -> Iterator[Entry]:
        """Every document, read some at a time: no query stays open meanwhile."""
        stored = SearchDocument.objects.using(self._using).order_by("pk")
        last = 0
        while some := list(stored.filter(pk__gt=last)[:BATCH]):
            last = some[-1].pk
            yield from map(entry_of, some)

    def _these(self, pks: Sequence[int]) -> Iterator[Entry]:
        for some in in_batches(pks):
            yield from map(entry_of, SearchDocument.objects.using(self._using).filter(pk__in=some))
