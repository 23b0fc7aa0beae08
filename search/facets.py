"""The ways to narrow an answer, in the reader's words: only values that were counted, of what the reader may see."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from search.engine import Results, SearchQuery
from search.forms import PARAMS, SearchForm
from search.registry import sources

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    Labels = Mapping[str, StrOrPromise]

MAX_VALUES = 12
_MOST_NAMED = 200  # values of one facet that are looked up
_UPDATED = {"week": _("In the last week"), "month": _("In the last month"), "year": _("In the last year")}


@dataclass(frozen=True)
class Choice:
    """One value of a facet, how many documents it would show, and the address that chooses it, or not."""

    value: str
    label: "StrOrPromise"
    count: int
    chosen: bool
    address: str


@dataclass(frozen=True)
class Facet:
    """A way to narrow the results: the form field that does it, and its choices."""

    param: str
    label: "StrOrPromise"
    choices: list[Choice]

    @property
    def chosen(self) -> Choice | None:
        """The choice in force, if any."""
        return next((choice for choice in self.choices if choice.chosen), None)


def facets_of(asked: QueryDict, query: SearchQuery, found: Results, models: "Labels") -> Iterator[Facet]:
    """Facets with something to choose; one in force always shows, so that it can be taken back. `models` are those
    that the reader may know of.

    A value that was not counted is called no name from the database: it might tell of what is not for this reader.
    """
    for facet, param in PARAMS.items():
        chosen = query.filters.get(facet, "")
        counts = found.facets.get(facet, {})
        labels, fixed = labels_of(facet, counts, models), fixed_labels(facet)
        shown = {value: count for value, count in counts.items() if value in labels}
        shown = dict(list(shown.items())[:MAX_VALUES])
        if chosen:
            shown.setdefault(chosen, counts.get(chosen, 0))
        if chosen or len(shown) > 1:
            choices = [
                Choice(
                    value,
                    label=labels.get(value) or fixed.get(value, value),
                    count=count,
                    chosen=value == chosen,
                    address=address_of(asked, param, "" if value == chosen else value),
                )
                for value, count in shown.items()
            ]
            yield Facet(param, SearchForm.base_fields[param].label or param, choices)


def labels_of(facet: str, counts: Collection[str], models: "Labels") -> "Labels":
    """What these values are called, as far as they are offered at all; of models only these are."""
    values = list(counts)[:_MOST_NAMED]
    if facet == "model":
        return {value: models[value] for value in values if value in models}
    asked = [source.names[facet] for source in sources() if facet in source.names]
    if asked and values:
        return {value: name for names in asked for value, name in names(values).items()}
    known = fixed_labels(facet)
    return {value: known.get(value, value) for value in values}


def fixed_labels(facet: str) -> "Labels":
    """What the values of a facet are called that does not depend on what is in the database."""
    if facet == "source":
        return {source.name: source.label for source in sources()}
    if facet == "language":
        return dict(settings.LANGUAGES)
    if facet == "updated":
        return _UPDATED
    field = {"kind": "kinds", "status": "statuses", "scope": "audiences"}.get(facet)
    return (
        {value: name for source in sources() for value, name in getattr(source, field).items()}
        if field
        else {}
    )


def address_of(asked: QueryDict, param: str, value: str, drop: str = "page") -> str:
    """This search with one field changed and another dropped, from its first page."""
    state = asked.copy()
    for name in ("page", param, drop):
        state.pop(name, None)
    if value:
        state[param] = value
    return f"?{state.urlencode()}"
