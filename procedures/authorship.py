"""Whose words a revision holds: nobody signs their own, by whatever way they came into the text."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from wagtail.models import Revision

from procedures.content import STEP_TEXTS, content_hash
from procedures.models import ProcedurePage, ProcedureVersion
from procedures.saved import as_saved
from procedures.wording import plainly, sentences

# (the key of a page) -> whose proposals each of its revisions brought in, by the revision's key
Proposers = Callable[[int], Mapping[int, set[int]]]
_proposers: list[Proposers] = []
# (the key of a page, until when) -> the sentences that each person proposed to put in, and to take out, by the
# person's key, whatever became of them; each as wording.plainly has it
Wordings = Callable[[int, datetime], Mapping[int, tuple[set[str], set[str]]]]
_wordings: list[Wordings] = []


def register_proposers(proposers: Proposers) -> None:
    """A higher app knows whose words somebody else put in; called in AppConfig.ready()."""
    if proposers not in _proposers:
        _proposers.append(proposers)


def register_wordings(wordings: Wordings) -> None:
    """A higher app knows who proposed which sentences; called in AppConfig.ready()."""
    if wordings not in _wordings:
        _wordings.append(wordings)


def base_version(page_id: int) -> ProcedureVersion | None:
    """The version that the next one is held against: the one in force, else the last that was."""
    return (
        ProcedureVersion.objects.filter(page_id=page_id).was_in_force().order_by("-major", "-minor").first()
    )


@dataclass(frozen=True, slots=True)
class Authorship:
    """Whose a revision is. Reading it costs the page's whole history: ask once and pass it on."""

    base: ProcedureVersion | None
    """The version that it is held against (base_version)."""
    authors: list[int]
    """Who put into the text what is not in force, or has changed it since; the last of them last."""
    editors: set[int]
    """Who may not sign it: the authors, whoever proposed what they put in or any sentence that is new, accepted or
    not, and whoever took its new pictures."""
    last_author: int | None
    """Whoever last changed the content; whoever saved the revision where nobody did."""


@dataclass(frozen=True, slots=True)
class _Save:
    revision: int
    user: int | None
    page: ProcedurePage
    content: Mapping[str, Any]
    changed: bool  # other bytes than the save before it


def authorship_of(revision: Revision) -> Authorship:
    """The whole history of the page is asked: words that come back by reverting, or with an earlier version, are
    still those of whoever wrote them first, and what is gone once more is also the doing of whoever took it out
    before. Since the version in force every save that changed the content
    counts, one that only moved sentences too; a save that changed nothing does not, nor does one by nobody (a
    command). Where nothing is in force any more, every word is to be approved anew.
    """
    base = base_version(int(revision.object_id))
    in_force = base.content if base is not None and base.is_effective else None
    # Counted: of two sentences that read the same, one more or less is a change of the text.
    approved = Counter(_pieces(in_force)) if in_force else Counter()
    since = (base and base.revision_id) or 0
    before: Counter[str] = Counter()
    held: Counter[str] = Counter()
    put_in: list[tuple[_Save, Counter[str], Counter[str]]] = []
    for save in _saves(revision):
        after, holds = Counter(_pieces(save.content)), _said(save.content)
        put_in.append((save, after - before, held - holds))
        before, held = after, holds
    approved_said = _said(in_force) if in_force else Counter()
    brought, gone = before - approved, approved_said - held
    new = [
        save
        for save, added, removed in put_in
        if added & brought or removed & gone or (save.changed and save.revision > since)
    ]
    authors = [save.user for save in new if save.user is not None]
    proposed = [proposers(int(revision.object_id)) for proposers in _proposers]
    proposers = {person for by in proposed for save in new for person in by.get(save.revision, ())}
    last_author = authors[-1] if authors else revision.user_id
    newly_said = held - approved_said
    worded = {
        person
        for wordings in _wordings
        # What was proposed when this was saved already is nobody's word for it.
        for person, (put, taken) in wordings(int(revision.object_id), revision.created_at).items()
        if put & newly_said.keys() or taken & gone.keys()
    }
    editors = {*authors, *proposers, *worded, *_photographers(put_in[-1][0], in_force)}
    if last_author is not None:
        editors.add(last_author)
    return Authorship(base, authors, editors, last_author)


def changed_since(base: ProcedureVersion | None, revision: Revision) -> set[int]:
    """Who has changed the content after the version, up to this revision; saves that changed nothing do not count."""
    after = (base and base.revision_id) or 0
    return {
        save.user
        for save in _saves(revision, since=after)
        if save.changed and save.user is not None and save.revision > after
    }


def _saves(revision: Revision, since: int = 0) -> Iterator[_Save]:
    """The saves of the page up to this one, oldest first, each content read once."""
    before = None
    history = Revision.objects.filter(
        base_content_type_id=revision.base_content_type_id,
        object_id=revision.object_id,
        pk__gte=since,
        pk__lte=revision.pk,
    )
    for saved in history.order_by("pk").iterator(chunk_size=10):
        then, content = as_saved(saved)
        digest = content_hash(content)
        yield _Save(saved.pk, saved.user_id, then, content, digest != before)
        before = digest


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


def _said(content: Mapping[str, Any]) -> Counter[str]:
    """The sentences and images of the steps, wherever they stand and however they were pasted, and how often."""
    found = Counter(
        said
        for step in content["steps"]
        for name in STEP_TEXTS
        for sentence in sentences(step[name])
        if (said := plainly(sentence))
    )
    found.update(image["sha256"] for step in content["steps"] for image in step["images"])
    return found


def _photographers(save: _Save, in_force: Mapping[str, Any] | None) -> set[int]:
    """Who uploaded the pictures that are not in force."""
    known = {image["sha256"] for step in (in_force or {"steps": ()})["steps"] for image in step["images"]}
    return {
        item["image"].uploaded_by_user_id
        for block, step in zip(save.page.steps, save.content["steps"], strict=True)
        for item, image in zip(
            [item for item in block.value.get("images") or () if item["image"] is not None],
            step["images"],
            strict=True,
        )
        if image["sha256"] not in known and item["image"].uploaded_by_user_id is not None
    }
