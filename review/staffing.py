"""Whether enough different people are there for the stages of a review: each person signs a release once."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django.db.models import Min
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from wagtail.models import Workflow

from procedures.rules import NotAllowed
from review.eligibility import asked, asked_by
from review.models import Delegation, ReviewTask, Stage, StageKind
from review.models.plans import stages_of

Seats = tuple[int, Collection[int]]
"""How many signatures a stage still needs, and who (primary keys) may give them."""


def first_short(stages: Sequence[Seats]) -> int | None:
    """The first stage that, with all before it, finds too few different people; None where there are enough.

    Augmenting paths of a bipartite matching: whoever sits in one stage moves where somebody else can take over.
    """
    sits_in: dict[int, int] = {}

    def seat(stage: int, tried: set[int]) -> bool:
        for person in stages[stage][1]:
            if person not in tried:
                tried.add(person)
                if person not in sits_in or seat(sits_in[person], tried):
                    sits_in[person] = stage
                    return True
        return False

    for stage, (needed, _people) in enumerate(stages):
        if not all(seat(stage, set()) for _seat in range(needed)):
            return stage
    return None


def check_staffed(workflow: Workflow, tasks: Iterable[ReviewTask], *, editors: Iterable[int]) -> None:
    """Raises NotAllowed where the stages could never be completed by people who did not edit the text."""
    editors = list(editors)
    signing: list[tuple[ReviewTask, Seats]] = []
    for task in tasks:
        people = set(asked_by(task, escalated=True).exclude(pk__in=editors).values_list("pk", flat=True))
        # A consultation with a day to end on ends by itself.
        if len(people) < task.needed and not (task.kind == StageKind.CONSULT and task.days):
            raise NotAllowed(_too_few(workflow, task, len(people)))
        if task.kind == StageKind.SIGN:
            signing.append((task, (task.needed, people)))
    short = first_short([seats for _task, seats in signing])
    if short is not None:
        raise NotAllowed(
            _(
                "Each person signs a release once, and the stages of “%(plan)s” up to “%(stage)s” do not find "
                "enough different people who did not edit this. Somebody must change the review plan."
            )
            % {"plan": workflow.name, "stage": signing[short][0].name}
        )


def _too_few(workflow: Workflow, task: ReviewTask, count: int) -> str:
    named = {"stage": task.name, "plan": workflow.name, "needed": task.needed, "count": count}
    if not count:
        return (
            _(
                "The stage “%(stage)s” of the review plan “%(plan)s” asks nobody who could answer; whoever wrote the "
                "text does not count. The plan, or who is in its teams, must be changed first."
            )
            % named
        )
    return (
        ngettext(
            "Nobody could complete the stage “%(stage)s” of the review plan “%(plan)s”: %(needed)d must answer, and "
            "only %(count)d person whom it asks can; whoever wrote the text does not count. The plan, or who is in "
            "its teams, must be changed first.",
            "Nobody could complete the stage “%(stage)s” of the review plan “%(plan)s”: %(needed)d must answer, and "
            "only %(count)d people whom it asks can; whoever wrote the text does not count. The plan, or who is in "
            "its teams, must be changed first.",
            count,
        )
        % named
    )


def why_unusable(workflow: Workflow) -> str:
    """Why no release at all could go through this plan as its teams are today; "" where one could."""
    try:
        check_staffed(workflow, stages_of(workflow), editors=())
    except NotAllowed as refused:
        return refused.reason
    return ""


def needed_elsewhere(user: Any, stage: Stage, represented: Any) -> Stage | None:
    """The stage that nobody could complete any more if this person signed this one; None where all goes on."""
    release = stage.release
    used = {
        person
        for pair in release.signatures.valid().values_list("signatory", "on_behalf_of")
        for person in pair
        if person is not None
    } | {release.submitted_by_id, *release.editors.values_list("pk", flat=True)}
    signing = [
        (other, set(asked_by(other, escalated=True).values_list("pk", flat=True)) - used)
        for other in release.stages.filter(kind=StageKind.SIGN, completed_at__isnull=True)
    ]
    missing = {other.pk: other.needed - other.signatures.valid().count() for other, _people in signing}
    if first_short([(missing[other.pk], people) for other, people in signing]) is not None:
        return None  # people have left since: who is left signs what they can
    missing[stage.pk] -= 1
    without = {user.pk, represented.pk}
    short = first_short([(missing[other.pk], people - without) for other, people in signing])
    return None if short is None else signing[short][0]


def heard(stage: Stage) -> int:
    """How many of those whom a consultation asks have spoken, themselves or through who stood in: each once.

    Whoever wrote the text may comment too, but is not who is consulted.
    """
    wrote = {stage.release.submitted_by_id, *stage.release.editors.values_list("pk", flat=True)}
    people = set(asked(stage).values_list("pk", flat=True))
    seats: list[Seats] = []
    first_remarks = stage.remarks.exclude(author__in=wrote).values_list("author").annotate(Min("written_at"))
    for author, written_at in first_remarks:
        away = Delegation.objects.in_force(timezone.localdate(written_at)).filter(delegate=author)
        stood_in_for = set(away.filter(delegator__in=people).values_list("delegator", flat=True))
        if author in people or not stood_in_for:  # asked in person, or asked no more since
            stood_in_for = {author}
        if first_short([*seats, (1, stood_in_for - wrote)]) is None:
            seats.append((1, stood_in_for - wrote))
    return len(seats)
