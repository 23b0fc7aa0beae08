"""The steps of frozen versions by number and title, for lists that name them."""

from collections.abc import Iterable, Mapping

from django.db.models import prefetch_related_objects
from django.utils.translation import gettext

from procedures.models import ProcedureVersion
from review.models import SuggestedAction, Suggestion, Thread

# (version, its digest) -> {step id: (number, title)}. A version never changes, and its content is long to read.
_titles: dict[tuple[int, str], dict[str, tuple[int, str]]] = {}
_KEPT = 2000


def step_titles(versions: Mapping[int, str]) -> dict[int, dict[str, tuple[int, str]]]:
    """{version: {step id: (number, title)}} of these versions, each with its digest."""
    found = {pk: _titles[key] for pk, sha256 in versions.items() if (key := (pk, sha256)) in _titles}
    if missing := versions.keys() - found.keys():
        if len(_titles) + len(missing) > _KEPT:
            _titles.clear()
        for version in ProcedureVersion.objects.filter(pk__in=missing).order_by().only("content"):
            steps = {step["id"]: (n, step["title"]) for n, step in enumerate(version.steps, 1)}
            found[version.pk] = _titles[version.pk, versions[version.pk]] = steps
    return found


def named_step(titles: Mapping[str, tuple[int, str]], step_id: str, action: str = "") -> tuple[str, str]:
    """(what it is, its title in the procedure's language); `titles`: of the version that the mark is on."""
    if not step_id:
        return gettext("The whole procedure"), ""
    if action == SuggestedAction.ADD or step_id not in titles:
        return gettext("New step"), ""
    number, title = titles[step_id]
    return gettext("Step %(number)s") % {"number": number}, title


def show_steps(comments: Iterable[Thread], edits: Iterable[Suggestion]) -> None:
    """Give each mark the name of its step, in the version that it is on: a few queries, however many marks."""
    comments, edits = list(comments), list(edits)
    on = {comment.version_id for comment in comments} | {edit.version_id for edit in edits}
    if not on:
        return
    versions = ProcedureVersion.objects.filter(pk__in=on).order_by().values_list("pk", "sha256")
    titles = step_titles(dict(versions))
    for comment in comments:
        comment.step = named_step(titles[comment.version_id], comment.step_id)
    new = [edit for edit in edits if edit.action == SuggestedAction.ADD]
    prefetch_related_objects(new, "changes")
    for edit in edits:
        what, title = named_step(titles[edit.version_id], edit.step_id, edit.action)
        if edit.action == SuggestedAction.ADD:
            title = next(
                (change.proposed_text for change in edit.changes.all() if change.field == "title"), ""
            )
        edit.step = what, title
