"""Guides that may help with a ticket: those most like what it says."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kb.tickets.models import Ticket
from search.engine import Hit, SearchQuery
from search.equipment import every_model
from search.queries import similar, warnings_of

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

MOST = 5


@dataclass(frozen=True)
class Guide:
    """A guide, whether it is for the ticket's model, and what is warned of it."""

    hit: Hit
    applies: bool
    warning: "StrOrPromise"


def that_may_help(ticket: Ticket, user: Any) -> list[Guide]:
    """At most MOST, of those this person may read; what applies to the machine's model first. Those used already are
    shown on the page as that."""
    code = ticket.error_code.code if ticket.error_code else ""
    said = [code, ticket.symptom, *ticket.entries.values_list("text", flat=True)]
    used = {str(page) for page in ticket.uses.values_list("version__page", flat=True)}
    model, line = ticket.machine.model.code, ticket.machine.model.product_line.code
    asked = SearchQuery(
        text="\n".join(said), scopes=frozenset(), source="procedure", page_size=MOST + len(used)
    )
    found: dict[str, Hit] = {}
    for query in (replace(asked, model=model), asked):
        for hit in similar(user, query):
            found.setdefault(hit.document.object_id, hit)
    best = [hit for key, hit in found.items() if key not in used][:MOST]
    warnings = warnings_of(best)
    return [
        Guide(hit, _is_for(hit, {model, every_model(line)}), warnings.get(hit.document.pk, ""))
        for hit in best
    ]


def _is_for(hit: Hit, models: set[str]) -> bool:
    return not hit.document.models or not models.isdisjoint(hit.document.models)
