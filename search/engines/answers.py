"""What an engine is asked, once a question is read, and what it has to answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from search.profiles import of_sources
from search.ranking import Candidate
from search.readings import Reading
from search.registry import sources


@dataclass(frozen=True, slots=True)
class Selection:
    """What may be found: documents of these profiles, changed `since` (seconds since 1970), that bear the code.

    `since` is the beginning of a day (UTC). `only` these, where there are any, and `without` those: primary keys.
    """

    profiles: Sequence[int]
    since: int = 0
    code: str = ""
    only: Sequence[int] = ()
    without: Sequence[int] = ()


class Answers(Protocol):
    """What answers the readings of one question; it may remember what it has found."""

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
        """What is found, those that bear one of its codes first, then by the engine's own rank (or date).

        All that is found, where it is no more than `limit`, may come in any order. Without `texts` candidates have none;
        nor need they have terms where `only` one is looked for in them.
        """
        ...

    def counts(
        self, reading: Reading, selection: Selection, spans: Sequence[int]
    ) -> list[tuple[int, int, int]]:
        """(profile, span, how many): span n changed at or after spans[n], which falls, and not after spans[n-1].

        Spans begin with a day (UTC), as Selection.since does.
        """
        ...

    def code_counts(self, reading: Reading, selection: Selection) -> Mapping[str, int]:
        """How many of those found bear each code."""
        ...


def source_weights() -> dict[float, list[int]]:
    """Weight -> the profiles whose source has it, where it is not 1: all of them, whoever may see them."""
    weights = {source.weight for source in sources() if source.weight != 1}
    return {
        weight: list(of_sources(source.name for source in sources() if source.weight == weight))
        for weight in weights
    }
