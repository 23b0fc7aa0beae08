"""The order of a product line's software releases: ranges from one to before another are read by it.

What a range counts in was signed with it. A release that is new comes under the ranges that it is put between, as
those who signed "from 1.0 on" knew that it would; one that is there changes sides with no end of a range.
"""

from collections.abc import Mapping

from django.db.models import Q
from django.utils.translation import gettext as _

from procedures.models import SoftwareRelease, VersionApplicability
from procedures.references import in_short, numbers_naming


def range_problem(first: SoftwareRelease | None, before: SoftwareRelease | None) -> str:
    """Why no machine is in the range [first, before), both of one product line; "" where one can be. The database
    refuses such a row of a version as well (migration 0014)."""
    if first is None or before is None or first.position < before.position:
        return ""
    if first.pk == before.pk:
        reason = _(
            "from %(first)s to before %(before)s is no release at all: the second one is not in the range."
        )
    else:
        reason = _("from %(first)s to before %(before)s is no release at all: %(before)s is the earlier one.")
    return reason % {"first": first.version, "before": before.version}


Positions = Mapping[int, int]
"""{a release's key: its position}, all of one product line."""


def order_problems(line_id: int, before: Positions, after: Positions) -> dict[int, str]:
    """{a moved release's key: why it may not stand there}; the database refuses it as well (migration 0013)."""
    moved = {pk for pk in before if before[pk] != after[pk]}
    found: dict[int, str] = {}
    for end in SoftwareRelease.objects.filter(product_line=line_id, pk__in=before) if moved else ():
        crossed = {
            pk
            for pk in before.keys() - {end.pk}
            if (before[pk] < before[end.pk]) != (after[pk] < after[end.pk])
        }
        blamed = moved & (crossed | {end.pk}) if crossed else set()
        if not blamed or not (numbers := numbers_naming(end)):
            continue
        reason = _(
            "%(numbers)s apply from or up to release %(release)s in what was approved: what stands before it, or "
            "after it, stays there. A new release can be added at any place."
        ) % {"numbers": in_short(numbers), "release": end}
        found |= {pk: reason for pk in blamed if pk not in found}
    return found


def place_releases(line_id: int, wanted: Positions) -> None:
    """Give releases of a line these positions, so that no two share one on the way and none passes the end of a
    range that it does not pass for good. To be held against order_problems before."""
    rows = SoftwareRelease.objects.filter(product_line=line_id)
    now = list(rows.order_by("position").values_list("pk", "position"))
    final = dict(now) | dict(wanted)
    ranges = VersionApplicability.objects.filter(
        Q(release_from__product_line=line_id) | Q(release_before__product_line=line_id)
    )
    ends = {pk for row in ranges.order_by().values_list("release_from", "release_before") for pk in row}
    above, room = max([0, *dict(now).values(), *final.values()]) + 1, len(now) + 1
    # Up and apart, the last first; what is between two ends into its new order; down again, the first first.
    for rank, (pk, _position) in reversed(list(enumerate(now, 1))):
        rows.filter(pk=pk).update(position=above + rank * room)
    start, between = above, []
    for rank, (pk, _position) in enumerate([*now, (0, 0)], 1):
        if pk and pk not in ends:
            between.append(pk)
            continue
        for place, moving in enumerate(sorted(between, key=final.__getitem__), 1):
            rows.filter(pk=moving).update(position=start + place)
        start, between = above + rank * room, []
    for pk in sorted(final, key=final.__getitem__):
        rows.filter(pk=pk).update(position=final[pk])
