"""What a release would do besides changing words: shown before anybody signs it.

Higher apps register what they hold (kb.tickets: the open tickets on the version in force).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from procedures.models import ErrorCode, FaqPage, ProcedurePage, ProcedureVersion, Significance
from procedures.queries import machines_for
from review import readers
from review.models import Release, SuggestedAction, Suggestion, Thread, ThreadStatus

SHOWN = 20


@dataclass(frozen=True, slots=True)
class Item:
    """A line of an effect: what it names, where that is, and what happens to it."""

    text: str
    url: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Effect:
    """One kind of thing that a release touches; `count` may be more than the items shown."""

    label: str | Promise
    items: Sequence[Item]
    count: int

    @property
    def more(self) -> int:
        return self.count - len(self.items)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is to be released, and who looks at it: an effect names only what this person may see."""

    page: ProcedurePage
    base: ProcedureVersion | None  # in force, else the last that was
    content: Mapping[str, Any]
    release: Release | None  # None: not submitted yet
    user: Any


Provider = Callable[[Outlook], Iterable[Effect]]
_providers: list[Provider] = []


def register(provider: Provider) -> None:
    if provider not in _providers:
        _providers.append(provider)


def effects_of(outlook: Outlook) -> list[Effect]:
    """Everything the release would touch, kinds without anything left out."""
    return [
        effect
        for provider in (_readers, _marks, _guides, _machines, _faq, *_providers)
        for effect in provider(outlook)
        if effect.count
    ]


def effect(label: str | Promise, items: Iterable[Item]) -> Effect:
    found = list(items)
    return Effect(label, found[:SHOWN], len(found))


def _readers(outlook: Outlook) -> Iterable[Effect]:
    """Only a major version asks people to read it; before it is submitted, nobody has said what it is."""
    if outlook.release is not None and outlook.release.significance != Significance.MAJOR:
        return
    people = readers.would_affect(outlook.page, outlook.content, outlook.release)
    yield effect(
        gettext_lazy("People who will have to acknowledge it")
        if outlook.release
        else gettext_lazy("People who will have to acknowledge it, if it is a major version"),
        [Item(str(person)) for person in people.order_by("last_name", "first_name", "username")],
    )


def _marks(outlook: Outlook) -> Iterable[Effect]:
    """Comments and proposals: those whose step goes, and those that stay with the next version."""
    steps = {step["id"] for step in outlook.content["steps"]}
    gone, stay = _("its step is gone"), _("stays open")
    threads = (
        Thread.objects.on_page(outlook.page.pk)
        .on_text()
        .exclude(status=ThreadStatus.RESOLVED)
        .prefetch_related("comments")
    )
    items = []
    for thread in threads.order_by("-started_at"):
        said = next(iter(thread.comments.all()), None)
        note = gone if thread.step_id and thread.step_id not in steps else stay
        items.append(Item(str(said or thread), thread.get_absolute_url(), note))
    yield effect(gettext_lazy("Comments not resolved"), items)
    edits = Suggestion.objects.on_page(outlook.page.pk).waiting().select_related("author")
    yield effect(
        gettext_lazy("Proposed edits not decided"),
        [
            Item(
                edit.reason[:80],
                edit.get_absolute_url(),
                stay if edit.action == SuggestedAction.ADD or edit.step_id in steps else gone,
            )
            for edit in edits
        ],
    )


def _guides(outlook: Outlook) -> Iterable[Effect]:
    """Error codes that it answers from now on, still, or no more."""
    after = {(code["product_line"], code["code"]) for code in outlook.content["error_codes"]}
    before = (
        {(code["product_line"], code["code"]) for code in outlook.base.content["error_codes"]}
        if outlook.base is not None and outlook.base.is_effective
        else set()
    )
    records = {
        (code.product_line.code, code.code): code
        for code in ErrorCode.objects.filter(
            code__in=[code for _line, code in after | before]
        ).select_related("product_line")
    }
    items = []
    for key in sorted(after | before):
        if key not in before:
            note = _("answers it from now on")
        elif key not in after:
            note = _("answers it no more")
        else:
            note = _("its guide changes")
        record = records.get(key)
        items.append(Item(key[1], record.get_absolute_url() if record else "", note))
    yield effect(gettext_lazy("Error codes"), items)


def _machines(outlook: Outlook) -> Iterable[Effect]:
    after = {machine.pk: machine for machine in machines_for(outlook.content)}
    before = (
        {machine.pk: machine for machine in machines_for(outlook.base.content)}
        if outlook.base is not None and outlook.base.is_effective
        else {}
    )
    items = []
    for pk, machine in sorted((after | before).items(), key=lambda found: found[1].serial):
        if pk not in before:
            note = _("applies to it from now on")
        elif pk not in after:
            note = _("applies to it no more")
        else:
            note = _("its procedure changes")
        items.append(Item(str(machine), machine.get_absolute_url(), note))
    # What begins or ends is what somebody has to act on: it comes first.
    items.sort(key=lambda item: item.note == _("its procedure changes"))
    yield effect(gettext_lazy("Machines"), items)


def _faq(outlook: Outlook) -> Iterable[Effect]:
    entries = FaqPage.objects.filter(source=outlook.page).visible_to(outlook.user).order_by("title")
    yield effect(
        gettext_lazy("FAQ entries that cite it"),
        [Item(entry.title, entry.get_absolute_url(), _("check its answer")) for entry in entries],
    )
