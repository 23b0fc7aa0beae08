"""The demo's review story: comments, proposed edits, decisions and releases, through the real actions."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import F, Max
from wagtail.models import Workflow, WorkflowTask

from procedures.models import ProcedurePage, ProcedureVersion, ProductLine, Significance
from review import deciding, duties, proposing, readers, releasing, threads
from review.models import (
    Comment,
    Notice,
    ReviewPlan,
    ReviewTask,
    ServiceLevel,
    Stage,
    Suggestion,
    Thread,
    ThreadStatus,
)

HERE = Path(__file__).resolve().parent
# Answers and decisions come this long after the question, sooner where it is younger than twice that.
_ANSWERED_AFTER_DAYS = 2.0
_DECIDED_AFTER_DAYS = 3.0

TicketFinder = Callable[[str, datetime], str]


def read_story() -> dict[str, Any]:
    story: dict[str, Any] = yaml.safe_load((HERE / "story.yaml").read_text(encoding="utf-8"))
    return story


def wanted_tickets() -> dict[str, int]:
    """The ticket cases that proposals come from, and how many days ago the proposal was made."""
    return {
        row["ticket_case"]: row["days_ago"] for row in read_story()["suggestions"] if row.get("ticket_case")
    }


@transaction.atomic
def load(*, now: datetime, ticket_for: TicketFinder, password: str) -> int:
    """Tell what of the story is not told yet, in the order of its days; returns how many events that were.

    `ticket_for(case, at)` is the number of a ticket of that case opened before `at`; `password` is that of
    every person of the story, who sign with it.
    """
    story = read_story()
    loader = _Loader(now, ticket_for, password)
    events = sorted(loader.events(story), key=lambda event: event[0])
    newest = Notice.objects.aggregate(newest=Max("pk"))["newest"] or 0
    told = sum(tell(at) for at, tell in events)
    # Who works with the site has read what was news a month ago.
    old = Notice.objects.filter(pk__gt=newest, created_at__lt=now - timedelta(days=30))
    old.update(read_at=F("created_at"))
    return told + loader.plan(story["plan"]) + loader.submit(story["in_review"])


class _Loader:
    def __init__(self, now: datetime, ticket_for: TicketFinder, password: str) -> None:
        self._now = now
        self._password = password
        self._ticket_for = ticket_for
        users = get_user_model()._default_manager.all()
        self._people = {user.get_username(): user for user in users}
        self._threads: dict[str, Thread] = {}
        self._suggestions: dict[str, Suggestion] = {}

    def events(self, story: Mapping[str, Any]) -> list[tuple[datetime, Callable[[datetime], bool]]]:
        """(when, what to do then) for everything that happens; what is done says whether it was new."""
        events: list[tuple[datetime, Callable[[datetime], bool]]] = []
        for row in story["comments"]:
            events.append((self._ago(row["days_ago"]), partial(self._comment, row)))
            if row.get("answer"):
                events.append(
                    (self._later(row["days_ago"], _ANSWERED_AFTER_DAYS), partial(self._answer, row))
                )
            if row["status"] == ThreadStatus.RESOLVED:
                events.append(
                    (self._later(row["days_ago"], _DECIDED_AFTER_DAYS), partial(self._resolve, row))
                )
        for row in story["suggestions"]:
            events.append((self._ago(row["days_ago"]), partial(self._suggest, row)))
            if row["outcome"] != "open":
                events.append((self._later(row["days_ago"], _DECIDED_AFTER_DAYS), partial(self._decide, row)))
        for row in story["releases"]:
            events.append((self._ago(row["days_ago"]), partial(self._release, row)))
        for row in story["service_levels"]:
            events.append((self._now, partial(self._level, row)))
        for number, months in story["review_months"].items():
            events.append((self._now, partial(self._review_every, number, months)))
        for row in story["confirmations"]:
            events.append((self._ago(row["days_ago"]), partial(self._confirm, row)))
        for row in story["acknowledgements"]:
            events.append((self._ago(row["days_ago"]), partial(self._acknowledge, row)))
        return events

    def plan(self, row: Mapping[str, Any]) -> bool:
        """The review plan, its stages made where there is none of that name."""
        workflow, new = Workflow.objects.get_or_create(name=row["name"])
        if not new:
            return False
        for position, fields in enumerate(row["stages"]):
            people = fields.get("people", ())
            task, made = ReviewTask.objects.get_or_create(
                name=fields["name"], defaults={k: v for k, v in fields.items() if k not in ("name", "people")}
            )
            if made:
                task.people.set(self._people[name] for name in people)
            WorkflowTask.objects.create(workflow=workflow, task=task.task_ptr, sort_order=position)
        ReviewPlan.objects.create(
            workflow=workflow,
            product_line=ProductLine.objects.get(code=row["product_line"]),
            significance=row["significance"],
        )
        return True

    def submit(self, row: Mapping[str, Any]) -> bool:
        """A release that some have signed and others have yet to."""
        page = ProcedurePage.objects.get(number=row["procedure"])
        if page.releases.exists():
            return False
        at = self._ago(row["days_ago"])
        release = releasing.submit_for_release(
            page=page,
            by=self._people[row["submitted_by"]],
            change_summary=row["summary"],
            significance=row["significance"],
            at=at,
        )
        for name, person in row["signed_by"].items():
            self._sign(release.stages.get(name=name), self._people[person], self._later(row["days_ago"], 1))
        return True

    def _sign(self, stage: Stage, by: Any, at: datetime) -> None:
        releasing.sign(stage=stage, by=by, password=self._password, seen_sha256=stage.release.sha256, at=at)

    def _ago(self, days: float) -> datetime:
        return self._now - timedelta(days=days)

    def _later(self, days_ago: float, after: float) -> datetime:
        return self._ago(days_ago - min(after, days_ago / 2))

    def _version(self, number: str) -> ProcedureVersion:
        return ProcedureVersion.objects.effective().select_related("page").get(page__number=number)

    def _comment(self, row: Mapping[str, Any], at: datetime) -> bool:
        if Comment.objects.filter(text=row["text"], thread__version__number=row["procedure"]).exists():
            return False
        self._threads[row["text"]] = threads.start_thread(
            version=self._version(row["procedure"]),
            step_id=row["step"],
            kind=row["kind"],
            text=row["text"],
            by=self._people[row["author"]],
            at=at,
        )
        return True

    def _answer(self, row: Mapping[str, Any], at: datetime) -> bool:
        if (thread := self._threads.get(row["text"])) is None:
            return False
        answer = row["answer"]
        threads.reply(thread=thread, text=answer["text"], by=self._people[answer["author"]], at=at)
        return True

    def _resolve(self, row: Mapping[str, Any], at: datetime) -> bool:
        if (thread := self._threads.get(row["text"])) is None:
            return False
        threads.resolve_thread(thread=thread, by=self._people[row["author"]], at=at)
        return True

    def _suggest(self, row: Mapping[str, Any], at: datetime) -> bool:
        author = self._people[row["author"]]
        if Suggestion.objects.filter(author=author, reason=row["reason"]).exists():
            return False
        version = self._version(row["procedure"])
        case = row.get("ticket_case")
        self._suggestions[row["reason"]] = proposing.suggest(
            version=version,
            changes={(row["step"], row["field"]): _edited(version, row, row["new"])},
            reason=row["reason"],
            by=author,
            ticket_reference=self._ticket_for(case, at) if case else "",
            at=at,
        )
        return True

    def _decide(self, row: Mapping[str, Any], at: datetime) -> bool:
        if (suggestion := self._suggestions.get(row["reason"])) is None:
            return False
        by = self._people[row["decided_by"]]
        if row["outcome"] == "refused":
            deciding.refuse(suggestion=suggestion, by=by, answer=row["answer"], at=at)
            return True
        final = None
        if row["outcome"] == "accepted_with_changes":
            final = {row["field"]: _edited(suggestion.version, row, row["final"])}
        deciding.accept(suggestion=suggestion, by=by, answer=row["answer"], final=final, at=at)
        return True

    def _release(self, row: Mapping[str, Any], at: datetime) -> bool:
        major, minor = map(int, row["version"].split("."))
        page = ProcedurePage.objects.get(number=row["procedure"])
        if page.versions.filter(major=major, minor=minor).exists():
            return False
        release = releasing.submit_for_release(
            page=page,
            by=self._people[row["submitted_by"]],
            change_summary=row["summary"],
            significance=Significance.MAJOR if minor == 0 else Significance.MINOR,
            at=at,
        )
        for stage in release.stages.all():
            self._sign(stage, self._people[row["approved_by"]], at)
        return True

    def _review_every(self, number: str, months: int, at: datetime) -> bool:
        unset = ProcedurePage.objects.filter(number=number, review_months__isnull=True)
        return bool(unset.update(review_months=months))

    def _level(self, row: Mapping[str, Any], at: datetime) -> bool:
        line = ProductLine.objects.get(code=row["product_line"]) if row["product_line"] else None
        if ServiceLevel.objects.filter(product_line=line).exists():
            return False
        ServiceLevel.objects.create(
            product_line=line, first_answer_days=row["first_answer_days"], decision_days=row["decision_days"]
        )
        return True

    def _confirm(self, row: Mapping[str, Any], at: datetime) -> bool:
        version = self._version(row["procedure"])
        if version.confirmations.exists():
            return False
        duties.confirm(
            version=version,
            by=self._people[row["person"]],
            password=self._password,
            seen_sha256=version.sha256,
            comment=row["comment"],
            at=at,
        )
        return True

    def _acknowledge(self, row: Mapping[str, Any], at: datetime) -> bool:
        person = self._people[row["person"]]
        task = readers.open_tasks(person).filter(version__number=row["procedure"]).first()
        if task is None:
            return False
        duties.acknowledge(task=task, by=person, at=at)
        return True


def _edited(version: ProcedureVersion, row: Mapping[str, Any], new: str) -> str:
    """The step's text with the story's passage replaced. Raises ValueError where the passage is not in it."""
    text: str = next(step for step in version.steps if step["id"] == row["step"])[row["field"]]
    if row["old"] not in text:
        raise ValueError(f"{row['procedure']} {row['step']}: {row['old']!r} is not in the text")
    return text.replace(row["old"], new, 1)
