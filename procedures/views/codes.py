"""What a code means, and the one guide that handles it on the machine in front of the reader."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from procedures.access import may_read_internal, models_visible_to
from procedures.as_written import meant_by
from procedures.extensions import buttons
from procedures.lint import texts_by_answer
from procedures.models import (
    AcceptedOverlap,
    ErrorCode,
    Machine,
    MachineModel,
    ProcedureVersion,
    ProductLine,
    SoftwareRelease,
)
from procedures.plain_codes import plain_code
from procedures.queries import (
    OpenQuestions,
    Situation,
    codes_visible_to,
    guides_for,
    open_questions,
    options_that_decide,
    resolve_guides,
    with_applicability,
)
from procedures.rendering import render_markdown
from procedures.views.leading_on import leads_to

FITTED, NOT_FITTED = "yes", "no"  # anything else is: not known


@dataclass(frozen=True)
class Question:
    """Which machine the address asks about: one by its serial number, or a model with what is known of it."""

    machine: Machine | None
    situation: Situation | None
    problems: tuple[str, ...]


@dataclass(frozen=True)
class OptionChoice:
    """Whether an option is fitted, as the form asks it: the value chosen so far, "" for not known."""

    name: str
    answer: str


@dataclass(frozen=True)
class Answer:
    """A guide, in the reader's language where it is there in it, and the same in other languages."""

    version: ProcedureVersion
    other_texts: list[ProcedureVersion]


@dataclass(frozen=True)
class ErrorCodePage:
    code: ErrorCode
    causes: SafeString
    causes_language: str
    other_causes: SafeString  # in the other language
    other_language: str
    internal: bool
    models: list[MachineModel]
    releases: list[SoftwareRelease]
    my_machines: list[Machine]
    question: Question
    options: list[OptionChoice]  # those that decide about a guide
    answers: list[Answer]  # those that can apply, where a machine or model is asked about
    reasons: list[AcceptedOverlap]  # why several stand, for those who read internal procedures
    needs: OpenQuestions  # what was not given and decides
    all_guides: list[ProcedureVersion]
    buttons: list[str]

    @property
    def guides(self) -> list[ProcedureVersion]:
        return [answer.version for answer in self.answers]


@require_safe
def error_code(request: HttpRequest, line: str, code: str) -> HttpResponse:
    """The page of a code. 404 for an unknown code and for one that this reader may not know of."""
    known = codes_visible_to(request.user).select_related("product_line", "module")
    found = known.filter(product_line__code=line, code=code).first()
    if found is None:
        lines = meant_by(line, ProductLine.objects.all())
        codes = codes_visible_to(request.user).filter(product_line__in=lines)
        meant = meant_by(code, codes.select_related("product_line").only("code", "product_line__code"))
        if len(meant) == 1:
            return leads_to(request, meant[0])
        raise Http404
    models = list(models_visible_to(request.user).filter(product_line=found.product_line_id))
    releases = list(found.product_line.releases.all())
    question = _question(request, found, models, releases)
    situation = question.situation
    guides = resolve_guides(request.user, found, situation) if situation else []
    all_guides = list(with_applicability(guides_for(request.user, found)))
    languages = ("en", "zh-Hans") if found.local_causes == found.causes else ("zh-Hans", "en")
    page = ErrorCodePage(
        code=found,
        causes=mark_safe(render_markdown(found.local_causes)),  # cleaned by nh3
        other_causes=mark_safe(render_markdown(found.other_causes)),  # as above
        causes_language=languages[0],
        other_language=languages[1],
        internal=may_read_internal(request.user),
        models=models,
        releases=releases,
        my_machines=_my_machines(request.user, found),
        question=question,
        options=_choices(request, all_guides, situation),
        answers=_answers(found, guides),
        reasons=_reasons(found, guides) if may_read_internal(request.user) else [],
        needs=open_questions(guides, situation) if situation else OpenQuestions(),
        all_guides=all_guides,
        buttons=buttons(request, found),
    )
    return render(request, "procedures/error_code.html", {"page": page})


def _choices(
    request: HttpRequest, guides: list[ProcedureVersion], situation: Situation | None
) -> list[OptionChoice]:
    """The options to ask about, with what the address, or the machine's record, says of each."""
    if situation is None:
        return [
            OptionChoice(name, request.GET.get(_field_of(name), ""))
            for name in options_that_decide(guides, None)
        ]
    answers = dict.fromkeys(situation.options, FITTED) | dict.fromkeys(situation.unknown_options, "")
    decide = options_that_decide(guides, situation.model)
    return [OptionChoice(name, answers.get(name, NOT_FITTED)) for name in decide]


def _answers(code: ErrorCode, guides: list[ProcedureVersion]) -> list[Answer]:
    """What the lint calls texts of one answer is one, whose text in the language of the page is opened."""
    answers = []
    for texts in texts_by_answer(code, guides):
        first = next((text for text in texts if text.language == get_language()), texts[0])
        answers.append(Answer(first, [text for text in texts if text != first]))
    return answers


def _reasons(code: ErrorCode, guides: list[ProcedureVersion]) -> list[AcceptedOverlap]:
    """What is on record of why these guides stand side by side."""
    pages = [guide.page_id for guide in guides]
    if len(pages) < 2:
        return []
    found = AcceptedOverlap.objects.filter(Q(code=None) | Q(code=code), one__in=pages, other__in=pages)
    return list(found.select_related("one", "other", "accepted_by"))


def _my_machines(user: Any, code: ErrorCode) -> list[Machine]:
    if not user.is_authenticated:
        return []
    return list(user.machines.filter(model__product_line=code.product_line_id).select_related("model"))


def _question(
    request: HttpRequest, code: ErrorCode, models: list[MachineModel], releases: list[SoftwareRelease]
) -> Question:
    """What the address asks; what it names wrongly becomes a sentence, never an error."""
    if serial := request.GET.get("machine", "").strip():
        # Staff may ask about any machine; others about the ones they look after.
        machines = (
            Machine.objects.all() if may_read_internal(request.user) else _machines_of(request.user)
        ).filter(model__product_line=code.product_line_id)
        machine = machines.filter(serial__iexact=serial[:60]).select_related("model", "release").first()
        if machine is None:
            return Question(None, None, (_("No machine of this product line has that serial number."),))
        return Question(machine, Situation(machine.model, machine.release, tuple(machine.options)), ())

    problems = []
    model_code, version = request.GET.get("model", ""), request.GET.get("release", "")
    meant = meant_by(model_code, models)
    model = meant[0] if len(meant) == 1 else None
    # Not without its dots: 1.10 is another release than 11.0.
    typed = plain_code(version).casefold()
    release = next((release for release in releases if release.version.casefold() == typed), None)
    if model_code and model is None:
        problems.append(_("This product line has no such model."))
    if version and release is None:
        problems.append(_("This product line has no such software release."))
    if model is None:
        return Question(None, None, tuple(problems))
    answers = {option: request.GET.get(_field_of(option), "") for option in model.options}
    problems += [
        _("Model %(model)s cannot have the option %(options)s.") % {"model": model, "options": option}
        for other in models
        for option in other.options
        if option not in answers and request.GET.get(_field_of(option)) == FITTED
    ]
    return Question(
        None,
        Situation(
            model,
            release,
            tuple(option for option, answer in answers.items() if answer == FITTED),
            tuple(option for option, answer in answers.items() if answer not in (FITTED, NOT_FITTED)),
        ),
        tuple(dict.fromkeys(problems)),
    )


def _field_of(option: str) -> str:
    """The name in the address of whether this option is fitted."""
    return f"option-{option}"


def _machines_of(user: Any) -> Any:
    return user.machines.all() if user.is_authenticated else Machine.objects.none()
