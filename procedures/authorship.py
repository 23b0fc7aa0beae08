"""Whose words a revision holds: nobody signs their own, by whatever way they came into the text."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from wagtail.models import Revision

from procedures.content import STEP_TEXTS, canonical_content
from procedures.models import ProcedureVersion
from procedures.wording import sentences


def base_version(page_id: int) -> ProcedureVersion | None:
    """The version that the next one is held against: the newest that was ever in force."""
    return (
        ProcedureVersion.objects.filter(page_id=page_id).was_in_force().order_by("-major", "-minor").first()
    )


def authors(revision: Revision) -> list[int]:
    """Who put into the text what was not in force, or took out what was; the last of them last.

    The whole history of the page is asked: words that come back by reverting, or with an earlier version, are
    still those of whoever wrote them first. Saves by nobody (a command) do not count.
    """
    base = base_version(int(revision.object_id))
    in_force = set(_pieces(base.content)) if base else set()
    before: set[str] = set()
    changed: list[tuple[int | None, bool, set[str], set[str]]] = []
    history = Revision.objects.filter(
        base_content_type=revision.base_content_type_id, object_id=revision.object_id, pk__lte=revision.pk
    )
    for saved in history.order_by("pk").iterator(chunk_size=10):
        after = set(_pieces(canonical_content(saved.as_object())))
        since = base is None or base.revision_id is None or saved.pk > base.revision_id
        changed.append((saved.user_id, since, after - before, before - after))
        before = after
    brought = before - in_force
    return [
        user
        for user, since, put_in, taken_out in changed
        if user is not None and (put_in & brought or (since and (put_in or taken_out)))
    ]


def _pieces(content: Mapping[str, Any]) -> Iterator[str]:
    """What a content consists of: each sentence of each step, each image, each other field; and the order."""
    for name, value in content.items():
        if name != "steps":
            yield json.dumps([name, value], ensure_ascii=False, sort_keys=True)
    yield json.dumps(["order", [step["id"] for step in content["steps"]]])
    for step in content["steps"]:
        for name in STEP_TEXTS:
            yield from sentences(step[name])
        for image in step["images"]:
            yield json.dumps(image, sort_keys=True)
        yield json.dumps([step["id"], step["minutes"], step["importance"]])


def editors_of(revision: Revision) -> set[int | None]:
    """Who may not sign the revision: its authors, whoever saved it, and whoever took its new pictures."""
    base = base_version(int(revision.object_id))
    known = {image["sha256"] for step in base.steps for image in step["images"]} if base else set()
    page = revision.as_object()
    content = canonical_content(page)
    uploaders = {
        item["image"].uploaded_by_user_id
        for block, step in zip(page.steps, content["steps"], strict=True)
        for item, image in zip(
            [item for item in block.value.get("images") or () if item["image"] is not None],
            step["images"],
            strict=True,
        )
        if image["sha256"] not in known
    }
    return {*authors(revision), revision.user_id, *uploaders}


def last_author(revision: Revision) -> int | None:
    """Whoever last changed the content; whoever saved the revision where nobody did."""
    found = authors(revision)
    return found[-1] if found else revision.user_id
