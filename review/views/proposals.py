"""Proposing edits of steps, and what others add to a proposal."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from procedures.extensions import Stop, stop_of
from procedures.keys import row_key
from procedures.models import ProcedureVersion
from procedures.rendering import render_markdown
from procedures.rules import NotAllowed
from procedures.views.post_only import post_only
from procedures.views.version import find_version, image_response
from review import deciding, proposing, rules
from review.forms import ReplyForm
from review.landing import find
from review.models import SuggestedAction, SuggestedImage, Suggestion
from review.proposal_forms import (
    NewStepForm,
    ReasonForm,
    StepForm,
    StepTexts,
    SuggestForm,
    VoteForm,
    place_value,
    typed_in,
)
from review.views.access import do_and_say, head_of, page_or_fragment, staff_only
from review.views.deciding import proposal_page

MOST_NEW_STEPS = 20  # in one proposal


@staff_only
def suggest(request: HttpRequest, number: str, label: str, step_id: str) -> HttpResponse:
    """Propose other texts for one step, on the text as this version shows it."""
    version = find_version(request, number, label)
    step = find(version.steps, step_id)
    if step is None:
        raise Http404
    form = SuggestForm(
        request.POST or None, request.FILES or None, user=request.user, step=step, steps=version.steps
    )
    refusal = rules.why_not(rules.check_mark, user=request.user, version=version)
    preview = None
    if request.method == "POST" and form.is_valid():
        if "preview" in request.POST:
            preview = [_rendered(form)]
        else:
            answer = _send(request, version, [form], form, form)
            if answer is not None:
                return answer
    context = {
        "version": version, "step": step, "form": form, "refusal": refusal, "preview": preview,
        "stop": _stop(request, version),
    }  # fmt: skip
    return page_or_fragment(request, "review/suggest.html", "review/_suggest_form.html", context)


@staff_only
def propose(request: HttpRequest, number: str, label: str) -> HttpResponse:
    """Propose edits over several steps: change, add, remove, move."""
    version = find_version(request, number, label)
    refusal = rules.why_not(rules.check_mark, user=request.user, version=version)
    other = _other(request, version)
    again = request.method == "POST" and ("add-step" in request.POST or "from" in request.POST)
    judged = request.method == "POST" and not again
    steps = _step_forms(request, version, other, judged)
    new = _new_forms(request, version, other, judged)
    reason = ReasonForm(
        request.POST if judged else None, user=request.user, initial=typed_in(ReasonForm, request.POST)
    )
    preview = None
    if judged:
        filled = [form for form in (*steps, *new) if form.is_valid()]
        written = [form for form in new if form.has_changed()]
        edited = [form for form in (*steps, *written) if form in filled]
        wrong = len(filled) < len(steps) + len(new)
        if "preview" in request.POST:
            preview = [_rendered(form) for form in edited if _changes(form)]
        elif reason.is_valid() and not wrong:
            answer = _send(request, version, edited, reason, reason, other)
            if answer is not None:
                return answer
    focus = request.POST.get("from") or request.GET.get("step")
    context = {
        "version": version, "steps": _opened(steps, focus, judged), "new": new, "reason": reason, "preview": preview,
        "refusal": refusal, "other": other, "may_add": len(new) < MOST_NEW_STEPS,
        "stop": _stop(request, version),
    }  # fmt: skip
    return render(request, "review/propose.html", context)


def _stop(request: HttpRequest, version: ProcedureVersion) -> Stop | None:
    """What whoever proposes an edit is told of a hold: it stops nobody from mending the text."""
    return stop_of(request.user, version) if version.on_hold else None


def _other(request: HttpRequest, version: ProcedureVersion) -> Suggestion | None:
    """The proposal that this one is an alternative to."""
    pk = row_key(request.GET.get("instead", ""))
    if pk is None:
        return None
    return get_object_or_404(
        Suggestion.objects.on_page(version.page_id).select_related("version"), pk=pk, sent_with=None
    )


def _step_forms(
    request: HttpRequest, version: ProcedureVersion, other: Suggestion | None, judged: bool
) -> list[StepForm]:
    begun = {part.step_id: part for part in other.sent_together()} if other else {}
    forms = []
    for number, step in enumerate(version.steps, 1):
        prefix = f"s{number}"
        initial: dict[str, Any] = {}
        if (part := begun.get(step["id"])) is not None:
            initial |= {change.field: change.proposed_text for change in part.changes.all()}
            initial |= {"after": place_value(part.after), "remove": part.action == SuggestedAction.REMOVE}
        if not judged and request.method == "POST":
            # From the page of one step, whose fields have no prefix; or to be shown again with one more new step.
            initial |= typed_in(
                StepForm, request.POST, "" if request.POST.get("from") == step["id"] else prefix
            )
        data, files = (request.POST, request.FILES) if judged else (None, None)
        forms.append(StepForm(data, files, step=step, steps=version.steps, prefix=prefix, initial=initial))
    return forms


def _new_forms(
    request: HttpRequest, version: ProcedureVersion, other: Suggestion | None, judged: bool
) -> list[NewStepForm]:
    begun = list(other.sent_together().filter(action=SuggestedAction.ADD)) if other else []
    given = request.POST.get("new", "")
    count = min(int(given), MOST_NEW_STEPS) if given.isdecimal() and len(given) < 4 else len(begun)
    count = min(count + ("add-step" in request.POST), MOST_NEW_STEPS)
    forms: list[NewStepForm] = []
    last = version.steps[-1]["id"] if version.steps else ""
    for number in range(1, count + 1):
        prefix = f"n{number}"
        initial: dict[str, Any] = {"step_id": proposing.new_step_id(), "after": place_value(last)}
        if number <= len(begun):
            part = begun[number - 1]
            initial |= {change.field: change.proposed_text for change in part.changes.all()}
            initial["after"] = place_value(part.after)
        initial |= typed_in(NewStepForm, request.POST, prefix)
        forms.append(
            NewStepForm(
                request.POST if judged else None,
                steps=version.steps,
                others=[str(form["step_id"].value()) for form in forms],
                prefix=prefix,
                initial=initial,
            )
        )
    return forms


def _opened(forms: Sequence[StepForm], focus: str | None, judged: bool) -> list[tuple[StepForm, bool]]:
    """Each form, and whether it is shown open: where there is something to see."""
    return [
        (
            form,
            form.step["id"] == focus
            or bool(judged and form.errors)
            or any((form[name].value() or "") != form.step[name] for name in StepTexts.base_fields)
            or bool(form["after"].value() or form["remove"].value() in (True, "on")),
        )
        for form in forms
    ]


def _changes(form: Any) -> bool:
    if not isinstance(form, StepForm):
        return True
    edit = form.edit()
    moved = edit.removes or edit.images or edit.after is not None
    return bool(moved or any(text != form.step[name] for name, text in edit.texts.items()))


def _rendered(form: Any) -> dict[str, Any]:
    """The step as a reader would see it."""
    edit = form.edit()
    html = {name: render_markdown(text) for name, text in edit.texts.items() if name != "title"}
    title = edit.texts.get("title") or form.step["title"]
    return {
        "title": title,
        "removes": edit.removes,
        "adds": edit.adds,
        "moves": edit.after is not None,
        **html,
    }


def _send(
    request: HttpRequest,
    version: ProcedureVersion,
    forms: Sequence[Any],
    reason: Any,
    refusing: Any,
    other: Suggestion | None = None,
) -> HttpResponse | None:
    """Lead to what was sent; None where it was refused, which the form then says."""
    try:
        sent = proposing.propose(
            version=version,
            edits=[form.edit() for form in forms],
            by=request.user,
            alternative_to=other,
            **reason.why(),
        )
    except NotAllowed as refused:
        refusing.add_error(None, refused.reason)
        return None
    messages.success(request, _("Your proposed edit is with the owner. You see here what becomes of it."))
    return redirect(sent)


@post_only("review:suggestion", "pk")
@staff_only
def vote(request: HttpRequest, pk: int) -> HttpResponse:
    """I met this too."""
    head = head_of(pk)
    form = VoteForm(request.POST, user=request.user)
    if not form.is_valid():
        return proposal_page(request, head, vote_form=form)
    try:
        proposing.vote(suggestion=head, by=request.user, **form.cleaned_data)
    except NotAllowed as refused:
        form.add_error(None, refused.reason)
        return proposal_page(request, head, vote_form=form)
    messages.success(request, _("Counted. You are told what becomes of it on this page."))
    return redirect(head)


@post_only("review:suggestion", "pk")
@staff_only
def comment(request: HttpRequest, pk: int) -> HttpResponse:
    head = head_of(pk)
    form = ReplyForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            proposing.comment(suggestion=head, by=request.user, **form.cleaned_data)
        except NotAllowed as refused:
            form.add_error(None, refused.reason)
        else:
            messages.success(request, _("Your comment is added."))
            return redirect(head.get_absolute_url() + "#comments")
    return proposal_page(request, head, comment_form=form)


@post_only("review:suggestion", "pk")
@staff_only
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back everything of this proposal that is not decided yet."""
    head = head_of(pk)
    do_and_say(request, lambda: deciding.withdraw_together(suggestion=head, by=request.user), _("Withdrawn."))
    return redirect(head)


@staff_only
def proposed_image(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(SuggestedImage, pk=pk)
    response: Any = image_response(found.file.open(), str(found.file.name))
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
