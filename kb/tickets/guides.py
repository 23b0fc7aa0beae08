"""Guides that may help with a ticket: those most like what it says."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from kb.tickets.models import Ticket
from procedures.models import Machine, ProcedureVersion
from procedures.reach import release_key
from search.engine import Hit, SearchQuery
from search.queries import similar, warnings_of

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

MOST = 5
_NOT_FOR = ("", _("For other releases"), _("For other models"))
"""Why a guide is not for a machine, the best first."""


@dataclass(frozen=True)
class Guide:
    """A guide, why it is not for the ticket's machine ("" where it is), and what is warned of it."""

    hit: Hit
    not_for: "StrOrPromise"
    warning: "StrOrPromise"


def that_may_help(ticket: Ticket, user: Any) -> list[Guide]:
    """At most MOST, of those this person may read; first what applies to the machine's model and release, then what is
    for other releases of its model. Those used already are shown on the page as that."""
    code = ticket.error_code.code if ticket.error_code else ""
    said = [code, ticket.symptom, *ticket.entries.values_list("text", flat=True)]
    used = {str(page) for page in ticket.uses.values_list("version__page", flat=True)}
    model, release = ticket.machine.model, ticket.machine.release
    asked = SearchQuery(
        text="\n".join(said), scopes=frozenset(), source="procedure", page_size=MOST + len(used)
    )
    of_model = replace(asked, model=model.code)
    of_release = replace(of_model, release=release_key(model.product_line.code, release.version))
    found: dict[str, Hit] = {}
    for query in (of_release, of_model, asked):
        found |= {
            hit.document.object_id: hit
            for hit in similar(user, query)
            if hit.document.object_id not in found and hit.document.object_id not in used
        }
        if len(found) >= MOST:
            break
    best = list(found.values())[:MOST]
    ranks, warnings = _ranks(ticket.machine, best), warnings_of(best)
    best.sort(key=lambda hit: ranks[hit.document.object_id])
    return [
        Guide(hit, _NOT_FOR[ranks[hit.document.object_id]], warnings.get(hit.document.pk, "")) for hit in best
    ]


def _ranks(machine: Machine, hits: list[Hit]) -> dict[str, int]:
    """{page: its place in _NOT_FOR}. Asked of the versions: one may be for this release on another model only, which
    the search's lists of models and releases do not tell. Of options, what may be fitted counts as fitted."""
    versions = ProcedureVersion.objects.effective().filter(page__in=[hit.document.object_id for hit in hits])
    ranks = dict.fromkeys((hit.document.object_id for hit in hits), 2)
    for rank, release in ((1, None), (0, machine.release)):
        applying = versions.applicable_to(machine.model, release, machine.model.options)
        ranks |= {str(page): rank for page in applying.values_list("page", flat=True)}
    return ranks
