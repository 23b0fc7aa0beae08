"""The queue: every proposal and comment that is not done with, for whoever answers for its procedure.

All of them are read as bare rows, in one query a sort: what is shown, every count beside a filter and the load
above the list come from the same rows. Texts are fetched for one page of the list only.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Count, Exists, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext

from procedures.models import ProcedureVersion, ProductLine
from review import levels
from review.models import Comment, SafetyClock, Suggestion, SuggestionStatus, Thread, Vote
from review.models.suggestions import SuggestionKind
from review.models.threads import ThreadKind, ThreadStatus
from review.step_titles import named_step, step_titles

NONE = "none"  # the value of a filter for what has no owner, or no product line
EDITS, COMMENTS = "edits", "comments"
OURS, AUTHORS = "ours", "author"  # whose turn it is
MINE, OTHERS = "mine", "others"
KINDS = dict(ThreadKind.choices) | dict(SuggestionKind.choices)


@dataclass(frozen=True, slots=True)
class Place:
    """The version that a mark stands on, and its procedure as it is now."""

    version: int
    sha256: str
    label: str
    page: int
    number: str
    title: str
    language: str
    owner: int | None
    line: ProductLine | None
    owner_value: str
    line_value: str


FILTERS = ("of", "line", "owner", "kind", "what", "turn")


@dataclass(slots=True)
class Mark:
    """One proposal, with those of its steps that are undecided, or one comment."""

    pk: int
    what: str
    kind: str
    since: datetime
    author: int
    place: Place
    step: str
    action: str = ""
    turn: str = OURS
    votes: int = 0
    found: bool = True  # it holds the text that is searched for
    others: tuple[tuple[str, str], ...] = ()  # (step id, action) of the further steps
    assigned: tuple[int, ...] = ()

    @property
    def is_safety(self) -> bool:
        return self.kind == ThreadKind.SAFETY

    @property
    def steps(self) -> tuple[tuple[str, str], ...]:
        return ((self.step, self.action), *self.others)

    def values(self, person: int) -> tuple[str, ...]:
        """Its value in each of the FILTERS."""
        place = self.place
        of = MINE if person == place.owner or person in self.assigned else OTHERS
        return of, place.line_value, place.owner_value, self.kind, self.what, self.turn


SORTS: Mapping[str, Callable[[Mark], Any]] = {
    "safety": lambda mark: (not mark.is_safety, mark.since, mark.pk),
    "oldest": lambda mark: (mark.since, mark.pk),
    "newest": lambda mark: (-mark.since.timestamp(), -mark.pk),
    "votes": lambda mark: (-mark.votes, not mark.is_safety, mark.since, mark.pk),
    "procedure": lambda mark: (mark.place.number.casefold(), not mark.is_safety, mark.since, mark.pk),
}


def open_marks(user: Any, text: str = "") -> list[Mark]:
    """All that this person may decide on or answer: documentation staff everything, an owner their own procedures
    and what was handed to them. `Mark.found` tells which of them hold the text, or are on a procedure so called."""
    edits = Suggestion.objects.waiting()
    comments = Thread.objects.on_text().filter(status__in=[ThreadStatus.OPEN, ThreadStatus.ANSWERED])
    if not user.has_perm("review.decide_any_suggestion"):
        own = Q(version__page__procedure_owner=user)
        edits, comments = edits.filter(own | Q(assigned_to=user)), comments.filter(own)
    edit_rows = list(_edit_rows(edits))
    comment_rows = list(
        comments.order_by().values_list(
            "pk", "version_id", "step_id", "kind", "status", "started_by_id", "started_at"
        )
    )
    places = _places({row[2] for row in edit_rows} | {row[1] for row in comment_rows})
    marks: dict[tuple[str, int], Mark] = {}
    for pk, head, version, step, action, status, kind, author, assigned, since, votes in edit_rows:
        key = (EDITS, head or pk)
        mark = marks.get(key)
        if mark is None:
            mark = Mark(
                key[1], EDITS, kind, since, author, places[version], step, action, AUTHORS, votes or 0
            )
            marks[key] = mark
        else:
            mark.others += ((step, action),)
        if status == SuggestionStatus.SUBMITTED:
            mark.turn = OURS
        if assigned:
            mark.assigned += (assigned,)
    for pk, version, step, kind, status, author, since in comment_rows:
        turn = OURS if status == ThreadStatus.OPEN else AUTHORS
        marks[COMMENTS, pk] = Mark(pk, COMMENTS, kind, since, author, places[version], step, turn=turn)
    if text:
        _find(marks, text, edits, comments)
    return list(marks.values())


def _edit_rows(edits: QuerySet[Suggestion]) -> QuerySet[Any]:
    votes = Vote.objects.filter(suggestion=OuterRef("head")).order_by().values("suggestion")
    return (
        edits.order_by("pk")
        .annotate(head=Coalesce("sent_with_id", "pk"))
        .annotate(vote_count=Subquery(votes.annotate(n=Count("pk")).values("n"), IntegerField()))
        .values_list(
            "pk", "sent_with_id", "version_id", "step_id", "action", "status", "kind", "author_id",
            "assigned_to_id", "submitted_at", "vote_count",
        )
    )  # fmt: skip


def _places(versions: set[int]) -> dict[int, Place]:
    rows = ProcedureVersion.objects.filter(pk__in=versions).order_by()
    lines: dict[int, ProductLine] = {}
    found = {}
    for pk, sha256, major, minor, page, number, title, language, owner, line, *names in rows.values_list(
        "pk", "sha256", "major", "minor", "page_id", "page__number", "page__title", "page__language",
        "page__procedure_owner_id", "page__product_line_id", "page__product_line__code",
        "page__product_line__name", "page__product_line__name_zh",
    ):  # fmt: skip
        if line and line not in lines:
            lines[line] = ProductLine(pk=line, code=names[0], name=names[1], name_zh=names[2])
        label = f"{major}.{minor}"
        found[pk] = Place(
            pk, sha256, label, page, number, title, language, owner, lines.get(line),
            str(owner or NONE), names[0] or NONE,
        )  # fmt: skip
    return found


def _find(
    marks: Mapping[tuple[str, int], Mark],
    text: str,
    edits: QuerySet[Suggestion],
    comments: QuerySet[Thread],
) -> None:
    """Say of each mark whether the text is in its procedure's number or title, or in its own words."""
    folded = text.casefold()
    words = Q(reason__icontains=text) | Q(ticket_reference__icontains=text)
    said = Exists(Comment.objects.filter(thread=OuterRef("pk"), text__icontains=text))
    held = {(EDITS, head or pk) for pk, head in edits.filter(words).values_list("pk", "sent_with_id")}
    held |= {
        (COMMENTS, pk) for pk in comments.filter(said | Q(quote__icontains=text)).values_list("pk", flat=True)
    }
    places = {mark.place.version: mark.place for mark in marks.values()}
    called = {
        pk for pk, place in places.items()
        if folded in place.number.casefold() or folded in place.title.casefold()
    }  # fmt: skip
    for key, mark in marks.items():
        mark.found = mark.place.version in called or key in held


@dataclass(frozen=True, slots=True)
class Chosen:
    """The marks that pass every filter, and how many would with another value of each filter."""

    marks: list[Mark]
    counts: Mapping[str, Counter[str]]


def choose(marks: Iterable[Mark], person: int, wanted: Mapping[str, str], sort: str) -> Chosen:
    """`wanted`: the value of each filter that is set."""
    groups: dict[tuple[str, ...], list[Mark]] = {}
    for mark in marks:
        if mark.found:
            groups.setdefault(mark.values(person), []).append(mark)
    passed: list[Mark] = []
    counts = {name: Counter[str]() for name in FILTERS}
    for values, group in groups.items():
        value_of = dict(zip(FILTERS, values, strict=True))
        failed = [name for name, value in wanted.items() if value_of[name] != value]
        if not failed:
            passed += group
        # A filter's counts are of what the other filters let through.
        for name in FILTERS if not failed else failed if len(failed) == 1 else ():
            counts[name][value_of[name]] += len(group)
    return Chosen(sorted(passed, key=SORTS[sort]), counts)


@dataclass(slots=True)
class Load:
    """What is open of one owner or one product line; `value` is what the filter calls it."""

    value: str
    name: str
    count: int = 0
    safety: int = 0
    oldest: datetime | None = None

    @property
    def days(self) -> int:
        return days_since(self.oldest) if self.oldest else 0


def load(marks: Iterable[Mark], names: Mapping[int, str]) -> tuple[list[Load], list[Load]]:
    """(by owner, by product line), the most first."""
    owners: dict[str, Load] = {}
    lines: dict[str, Load] = {}
    by_place: dict[int, list[Mark]] = {}
    for mark in marks:
        by_place.setdefault(mark.place.version, []).append(mark)
    for group in by_place.values():
        place, safety = group[0].place, sum(mark.is_safety for mark in group)
        oldest = min(mark.since for mark in group)
        owner = names[place.owner] if place.owner else gettext("No owner")
        line = str(place.line.local_name) if place.line else gettext("No product line")
        for one in (
            owners.setdefault(place.owner_value, Load(place.owner_value, owner)),
            lines.setdefault(place.line_value, Load(place.line_value, line)),
        ):
            one.count += len(group)
            one.safety += safety
            one.oldest = min(one.oldest or oldest, oldest)
    by_count = [sorted(found.values(), key=lambda one: (-one.count, one.name)) for found in (owners, lines)]
    return by_count[0], by_count[1]


def names_of(every: Iterable[Mark], shown: Iterable[Mark]) -> dict[int, str]:
    """The owners of all of them, and who wrote or was handed what is shown."""
    people = {owner for mark in every if (owner := mark.place.owner)}
    people |= {pk for mark in shown for pk in (mark.author, *mark.assigned)}
    found = get_user_model()._default_manager.filter(pk__in=people)
    return {person.pk: str(person) for person in found}


@dataclass(frozen=True, slots=True)
class Row:
    """One mark as the list shows it. `together`: how many proposals of its procedure can be decided at once, at the
    first row of each procedure."""

    mark: Mark
    words: str
    steps: Sequence[tuple[str, str]]
    author: str
    owner: str
    handed_to: Sequence[str]
    status: str
    url: str
    is_own: bool
    ticket: str = ""
    clock: SafetyClock | None = None
    dues: Sequence[levels.Due] = ()
    together: int = 0

    @property
    def kind(self) -> str:
        return str(KINDS[self.mark.kind])

    @property
    def days(self) -> int:
        return days_since(self.mark.since)


def rows(shown: Sequence[Mark], every: Iterable[Mark], names: Mapping[int, str], person: int) -> list[Row]:
    """The marks of one page of the list, with their words; `every`: all that this person decides on."""
    edits = Suggestion.objects.in_bulk([mark.pk for mark in shown if mark.what == EDITS])
    first = Comment.objects.filter(thread=OuterRef("pk")).order_by("written_at", "pk").values("text")[:1]
    comments = (
        Thread.objects.select_related("safety_clock")
        .annotate(words=Subquery(first))
        .in_bulk([mark.pk for mark in shown if mark.what == COMMENTS])
    )
    comment_dues, edit_dues = levels.dues_of(comments.keys(), edits.keys())
    titles = step_titles({mark.place.version: mark.place.sha256 for mark in shown})
    proposals = Counter(mark.place.page for mark in every if mark.what == EDITS and mark.author != person)
    done = []
    for mark in shown:
        base: dict[str, Any] = {
            "mark": mark,
            "steps": [named_step(titles[mark.place.version], *step) for step in mark.steps],
            "author": names[mark.author],
            "owner": names[mark.place.owner] if mark.place.owner else "",
            "handed_to": [names[pk] for pk in sorted(set(mark.assigned))],
            "is_own": mark.author == person,
        }
        if mark.what == EDITS:
            edit = edits[mark.pk]
            waits = SuggestionStatus.SUBMITTED if mark.turn == OURS else SuggestionStatus.ASKED
            base |= {
                "words": edit.reason,
                "ticket": edit.ticket_reference,
                "dues": edit_dues.get(mark.pk, ()),
                "status": waits.label,
                "url": reverse("review:suggestion", args=[mark.pk]),
                "together": proposals.pop(mark.place.page, 0),
            }
        else:
            thread: Any = comments[mark.pk]
            base |= {
                "words": thread.words or "",
                "clock": thread.clock,
                "dues": comment_dues.get(mark.pk, ()),
                "status": thread.get_status_display(),
                "url": reverse("review:thread", args=[mark.pk]),
            }
        done.append(Row(**base))
    return done


def days_since(moment: datetime) -> int:
    return max((timezone.now() - moment).days, 0)
