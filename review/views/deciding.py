"""The page of a proposal, and of all that waits on a procedure: seen by the staff, decided by whoever answers for it."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from procedures.content import canonical_content
from procedures.models import ProcedurePage
from procedures.people import holding, staff
from procedures.rules import NotAllowed
from review import deciding, levels, queries, rules
from review.forms import ReplyForm
from review.handing import show_handings
from review.landing import landings, working_copy
from review.models import Suggestion
from review.proposal_forms import OWN, PartForm, VoteForm, place_value
from review.showing import ShownEdit, question_to, shown_edit
from review.views.access import leads_on, page_of, staff_only


@staff_only
def suggestion(request: HttpRequest, pk: int) -> HttpResponse:
    """All that was sent together: what it changes, what became of it, and the decision."""
    found = get_object_or_404(queries.for_list(Suggestion.objects.all()), pk=pk)
    if found.sent_with_id:
        return redirect(found)
    return proposal_page(request, found)


def proposal_page(
    request: HttpRequest, head: Suggestion, *, vote_form: Any = None, comment_form: Any = None
) -> HttpResponse:
    """The page; a form of another address that was refused comes back on it."""
    parts = list(queries.for_list(head.sent_together()))
    head = parts[0]
    to_decide = vote_form is None and comment_form is None
    edits, decided = _edits(request, [parts], head.version.page, to_decide)
    if decided:
        return redirect(head)
    levels.show_dues(suggestions=[head])
    comments = queries.comments_on(head)
    question = question_to(parts, comments)
    context = {
        "head": head,
        "edits": edits,
        "votes": head.votes.select_related("person"),
        "vote_form": vote_form or VoteForm(user=request.user),
        "vote_refusal": rules.why_not(rules.check_vote, user=request.user, suggestion=head),
        "comments": comments,
        "question": question,
        "is_asked": question is not None and request.user.pk == head.author_id,
        "waits_for_author": question is not None and all(part.status != "submitted" for part in parts),
        "comment_refusal": rules.why_not(rules.check_comment, user=request.user, suggestion=head),
        "comment_form": comment_form or ReplyForm(),
        "alternatives": queries.for_list(head.alternatives.filter(sent_with=None)),
        "may_decide": any(edit.form and edit.suggestion.is_open for edit in edits),
        "refusal": _refusal(request.user, parts),
        "owns": rules.owns(request.user, head.version.page),
        "can_withdraw": any(rules.can_withdraw(user=request.user, suggestion=part) for part in parts),
        "may_propose": rules.can_mark(user=request.user, version=head.version),
    }
    return render(request, "review/suggestion.html", context)


@staff_only
def waiting(request: HttpRequest, number: str) -> HttpResponse:
    """Everything that is proposed to a procedure and not decided, step by step, in the order of the steps."""
    page = page_of(number)
    if (present := leads_on(request, "review:waiting", number, page.number)) is not None:
        return present
    found = queries.for_list(Suggestion.objects.on_page(page.pk).waiting().order_by("pk"))
    proposals: dict[int, list[Suggestion]] = {}
    for part in found:
        proposals.setdefault(part.head_id, []).append(part)
    edits, decided = _edits(request, list(proposals.values()), page, to_decide=True)
    if decided:
        return redirect("review:waiting", page.number)
    steps = canonical_content(working_copy(page))["steps"]
    order = {step["id"]: place for place, step in enumerate(steps)}
    edits.sort(key=lambda edit: (order.get(edit.suggestion.step_id, len(order)), edit.suggestion.pk))
    context = {"page": page, "edits": edits, "may_decide": any(edit.form for edit in edits)}
    return render(request, "review/waiting.html", context)


def _edits(
    request: HttpRequest, proposals: Sequence[Sequence[Suggestion]], page: ProcedurePage, to_decide: bool
) -> tuple[list[ShownEdit], bool]:
    """What a page shows of each edit, and whether every decision that was sent is recorded."""
    sent = request.method == "POST" and to_decide
    forms = _forms(request, proposals, page, sent)
    failed: dict[int, PartForm] = {}
    if sent:
        failed, count = _record(request, proposals, forms)
        if not failed:
            if not count:
                messages.info(request, _("Nothing is decided yet: choose a decision first."))
            return [], True
        # Those that were refused are shown with the texts as they are now, and with what was typed.
        fresh = [
            list(queries.for_list(Suggestion.objects.filter(pk__in=[p.pk for p in parts])))
            for parts in proposals
        ]
        proposals, forms = fresh, _forms(request, fresh, page, sent=False)
    shown = []
    steps = canonical_content(working_copy(page))["steps"]
    show_handings([part for parts in proposals for part in parts])
    for parts in proposals:
        found = landings([part for part in parts if part.is_open], steps)
        for part in parts:
            form = forms.get(part.pk)
            if form is not None and part.pk in failed:
                form = _again(request, form, failed[part.pk])
            elif part.pk in failed:
                form = failed[part.pk]
            shown.append(shown_edit(part, found.get(part.pk), form, parts, steps))
    return shown, False


def possible_deciders(user: Any) -> list[Any]:
    """To whom this person can hand a decision on."""
    people = staff().filter(pk__in=holding("review.decide_suggestion").values("pk"))
    return list(people.exclude(pk=user.pk))


def _forms(
    request: HttpRequest, proposals: Sequence[Sequence[Suggestion]], page: ProcedurePage, sent: bool
) -> dict[int, PartForm]:
    """A form for each edit that this person may decide on, by its primary key."""
    steps = canonical_content(working_copy(page))["steps"]
    people = {str(person.pk): person for person in possible_deciders(request.user)}
    forms: dict[int, PartForm] = {}
    for parts in proposals:
        for pk, landing in landings([part for part in parts if part.is_open], steps).items():
            if rules.can_decide(user=request.user, suggestion=landing.suggestion):
                data = request.POST if sent else None
                forms[pk] = PartForm(data, landing=landing, steps=steps, people=people)
        for part in parts if sent else ():
            # Decided meanwhile, or not theirs to decide: what was typed is shown again with the reason.
            if part.pk not in forms and f"d{part.pk}-decision" in request.POST:
                landing = landings([part], steps)[part.pk]
                forms[part.pk] = PartForm(request.POST, landing=landing, steps=steps, people=people)
    return forms


def _record(
    request: HttpRequest, proposals: Sequence[Sequence[Suggestion]], forms: dict[int, PartForm]
) -> tuple[dict[int, PartForm], int]:
    """Carry the decisions out; returns the forms that were refused, and how many were carried out."""
    failed: dict[int, PartForm] = {}
    count = 0
    for parts in proposals:
        accepting: dict[int, PartForm] = {}
        others: dict[int, PartForm] = {}
        for part in parts:
            form = forms.get(part.pk)
            if form is None:
                continue
            if not form.is_valid():
                failed[part.pk] = form
            elif form.cleaned_data["decision"] == "accept":
                accepting[part.pk] = form
            elif form.cleaned_data["decision"]:
                others[part.pk] = form
        # First what lands: it lands as it was shown, which was before any of the other decisions.
        refused = _accept(request, accepting)
        failed |= refused
        count += len(accepting) - len(refused)
        for part in parts:
            if (form := others.get(part.pk)) is None:
                continue
            if _carried_out(request, form):
                count += 1
            else:
                failed[part.pk] = form
    if count:
        said = ngettext(
            "%(count)d decision is recorded; the author sees it.",
            "%(count)d decisions are recorded; the authors see them.",
            count,
        )
        messages.success(request, said % {"count": count})
    return failed, count


def _carried_out(request: HttpRequest, form: PartForm) -> bool:
    try:
        carry_out(form, request.user)
    except (NotAllowed, PermissionDenied) as refused:
        form.add_error(None, _reason(refused))
        return False
    return True


def carry_out(form: PartForm, by: Any) -> None:
    """Do what a valid form decides. Raises NotAllowed or PermissionDenied."""
    part, answer = form.landing.suggestion, form.cleaned_data["answer"]
    match form.cleaned_data["decision"]:
        case "accept":
            deciding.accept_together([form.acceptance()], by=by)
        case "adopt":
            deciding.adopt(suggestion=part, by=by, answer=answer)
        case "refuse":
            deciding.refuse(suggestion=part, by=by, answer=answer)
        case "ask":
            deciding.ask_back(suggestion=part, by=by, question=answer)
        case "hand":
            deciding.hand_on(suggestion=part, by=by, to=form.people[form.cleaned_data["to"]], note=answer)


def _accept(request: HttpRequest, accepting: dict[int, PartForm]) -> dict[int, PartForm]:
    """Land what was accepted of one proposal together; returns what was refused of it."""
    left, refused = dict(accepting), {}
    while left:
        try:
            deciding.accept_together([form.acceptance() for form in left.values()], by=request.user)
        except deciding.EditRefused as one:
            refused[one.suggestion_id] = left.pop(one.suggestion_id)
            refused[one.suggestion_id].add_error(None, one.reason)
        except (NotAllowed, PermissionDenied) as every:
            for form in left.values():
                form.add_error(None, _reason(every))
            return refused | left
        else:
            break
    return refused


def _reason(refused: NotAllowed | PermissionDenied) -> str:
    return refused.reason if isinstance(refused, NotAllowed) else str(refused)


def _refusal(user: Any, parts: Sequence[Suggestion]) -> str:
    """Why this person does not decide on what is open, "" where they do or nothing is."""
    undecided = [part for part in parts if part.is_open]
    reasons = [
        rules.why_not(rules.check_decide, user=user, suggestion=part, to="refused") for part in undecided
    ]
    return reasons[0] if reasons and all(reasons) else ""


def _again(request: HttpRequest, fresh: PartForm, refused: PartForm) -> PartForm:
    """What was typed, on the text as it is now: its `seen` is the new one."""
    data = request.POST.copy()
    was_shown = data.get(fresh.add_prefix("seen")) == fresh.landing.seen
    data[fresh.add_prefix("seen")] = fresh.landing.seen
    for name in fresh.texts:
        if not was_shown and data.get(fresh.add_prefix(f"take-{name}"), OWN) != OWN:
            # Made of a text that is not there any more, and not what was chosen.
            data[fresh.add_prefix(f"final-{name}")] = fresh[f"final-{name}"].initial
    place: Any = fresh.fields.get("after")
    if place is not None and not place.valid_value(data.get(fresh.add_prefix("after"), "")):
        data[fresh.add_prefix("after")] = place_value(
            fresh.landing.place
        )  # what was chosen is not there any more
    form = PartForm(data, landing=fresh.landing, steps=fresh.steps, people=fresh.people)
    form.is_valid()
    for name, errors in refused.errors.items():
        for error in errors:
            if error not in form.errors.get(name, ()):
                form.add_error(None if name == "__all__" else name, error)
    return form
