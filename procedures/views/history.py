"""The versions of a procedure, what each changed, and any two side by side."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from procedures.access import may_read_internal
from procedures.compare import compare as compare_contents
from procedures.extensions import change_credits, stop_of, with_on_hold
from procedures.models import ProcedureVersion
from procedures.views.stop import stop_page
from procedures.views.version import number_now, parse_label


def _versions(request: HttpRequest, number: str) -> list[ProcedureVersion]:
    """Newest first, also those of other numbers; frozen texts stay in the database. Raises Http404 where there
    are none to see.

    Who edited what, and why, is for the staff: a customer reads what is in force.
    """
    if not may_read_internal(request.user):
        raise Http404
    visible = ProcedureVersion.objects.visible_to(request.user)
    versions = list(
        with_on_hold(visible.filter(page__in=visible.filter(number=number).values("page")))
        .select_related("approved_by", "last_editor")
        .defer("content", "html", "search_text")
        .order_by("-pk")  # as they were approved: one that was called off may have a higher number
    )
    if not versions:
        raise Http404
    return versions


def _followed(versions: list[ProcedureVersion]) -> dict[int, ProcedureVersion | None]:
    """{pk: what readers had before it}: a version that was called off before its day changed nothing for them."""
    in_force = ProcedureVersion.objects.was_in_force().filter(pk__in=[version.pk for version in versions])
    known = set(in_force.values_list("pk", flat=True))
    found: dict[int, ProcedureVersion | None] = {}
    last = None
    for version in reversed(versions):
        found[version.pk] = last
        if version.pk in known:
            last = version
    return found


def history(request: HttpRequest, number: str) -> HttpResponse:
    """The change log: every version, its summary, and whose edits it carries."""
    if (present := number_now(request, number)) is not None:
        return redirect("procedures:history", present)
    versions = _versions(request, number)
    credits = change_credits(versions)
    before = _followed(versions)
    rows = [(version, before[version.pk], credits.get(version.pk, [])) for version in versions]
    page = {
        "versions": versions,
        "rows": rows,
        "newest": versions[0],
        "current": next((version for version in versions if version.is_effective), None),
    }
    return render(request, "procedures/history.html", page)


def _labelled(versions: list[ProcedureVersion], label: str) -> ProcedureVersion:
    """The one of the versions with this label. Raises Http404."""
    key = parse_label(label)
    for version in versions:
        if (version.major, version.minor) == key:
            return version
    raise Http404


def compare(request: HttpRequest, number: str) -> HttpResponse:
    """Two versions, whichever numbers they had, step by step; by default the newest against the one before it."""
    versions = _versions(request, number)
    stop = stop_of(request.user, versions[0]) if versions[0].on_hold else None
    if (stopped := stop_page(request, versions[0], stop)) is not None:
        return stopped
    newest = versions[0].label
    followed = _followed(versions)[versions[0].pk]
    before_label = request.GET.get("from") or (followed.label if followed else newest)
    after_label = request.GET.get("to") or newest
    before = _labelled(versions, before_label)
    after = _labelled(versions, after_label)
    return render(
        request,
        "procedures/compare.html",
        {
            "versions": versions,
            "before": before,
            "after": after,
            "comparison": compare_contents(before.content, after.content),
        },
    )
