"""The site's pages for comments, proposed edits and releases. Staff only: nobody else learns they exist."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from procedures.access import may_read_internal
from procedures.compare import compare
from procedures.content import canonical_content, content_hash
from procedures.models import ProcedurePage, ProcedureVersion
from procedures.rules import NotAllowed
from procedures.views.version import find_version
from procedures.wording import diff_text
from review import actions, queries, rules
from review.carrying import is_carried
from review.forms import ApproveForm, CommentForm, DecideForm, ReplyForm, SubmitForm, SuggestForm
from review.models import Suggestion, Thread

INBOX_LIMIT = 50


def staff_only(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Sign-in first; to a customer these pages do not exist."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not may_read_internal(request.user):
            raise Http404
        return view(request, *args, **kwargs)

    return login_required(guarded)


def _step_of(version: ProcedureVersion, step_id: str) -> dict[str, Any]:
    for step in version.steps:
        if step["id"] == step_id:
            return step
    raise Http404


@staff_only
def inbox(request: HttpRequest) -> HttpResponse:
    """What waits for me, and what became of my own."""
    user: Any = request.user
    mine = queries.for_list(Suggestion.objects.filter(author=user)).order_by("-decided_at", "-submitted_at")
    asked = queries.threads_with_comments(Thread.objects.filter(started_by=user)).order_by("-started_at")
    return render(
        request,
        "review/inbox.html",
        {
            "releases": queries.pages_of(queries.releases_to_approve(user)[:INBOX_LIMIT]),
            "to_decide": queries.for_list(queries.suggestions_to_decide(user))[:INBOX_LIMIT],
            "to_answer": queries.threads_with_comments(queries.threads_to_answer(user))[:INBOX_LIMIT],
            "sent_back": queries.releases_sent_back(user),
            "my_suggestions": mine[:INBOX_LIMIT],
            "my_threads": asked[:INBOX_LIMIT],
        },
    )


@staff_only
def comment(request: HttpRequest, number: str, label: str, step_id: str = "") -> HttpResponse:
    """Start a thread on a step of exactly this version."""
    version = find_version(request, number, label)
    step = _step_of(version, step_id) if step_id else None
    form = CommentForm(request.POST or None)
    refusal = rules.why_not(rules.check_mark, user=request.user, version=version)
    if request.method == "POST" and form.is_valid():
        try:
            actions.start_thread(version=version, step_id=step_id, by=request.user, **form.cleaned_data)
        except NotAllowed as refused:
            form.add_error(None, refused.reason)
        else:
            messages.success(request, _("Your comment is with the owner."))
            return redirect(f"{version.get_absolute_url()}#step-{step_id}" if step_id else version)
    context = {"version": version, "step": step, "form": form, "refusal": refusal}
    return _page_or_fragment(request, "review/comment.html", "review/_comment_form.html", context)


@staff_only
def suggest(request: HttpRequest, number: str, label: str, step_id: str) -> HttpResponse:
    """Propose other texts for a step, on the text as this version shows it."""
    version = find_version(request, number, label)
    step = _step_of(version, step_id)
    form = SuggestForm(request.POST or None, user=request.user, step=step)
    refusal = rules.why_not(rules.check_mark, user=request.user, version=version)
    if request.method == "POST" and form.is_valid():
        try:
            suggestion = actions.suggest(
                version=version,
                changes=form.changes(),
                reason=form.cleaned_data["reason"],
                ticket_reference=form.cleaned_data["ticket_reference"],
                by=request.user,
            )
        except NotAllowed as refused:
            form.add_error(None, refused.reason)
        else:
            messages.success(
                request, _("Your proposed edit is with the owner. You see here what becomes of it.")
            )
            return redirect(suggestion)
    context = {"version": version, "step": step, "form": form, "refusal": refusal}
    return _page_or_fragment(request, "review/suggest.html", "review/_suggest_form.html", context)


@staff_only
def thread(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(
        queries.threads_with_comments(Thread.objects.select_related("version__page", "resolved_by")), pk=pk
    )
    form = ReplyForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            actions.reply(thread=found, text=form.cleaned_data["text"], by=request.user)
        except NotAllowed as refused:
            form.add_error(None, refused.reason)
        else:
            messages.success(request, _("Your reply is added."))
            return redirect(found)
    step = next((step for step in found.version.steps if step["id"] == found.step_id), None)
    context = {
        "thread": found,
        "step": step,
        "form": form,
        "can_reply": rules.can_mark(user=request.user, version=found.version),
        "can_resolve": rules.can_resolve(user=request.user, thread=found),
    }
    return render(request, "review/thread.html", context)


@require_POST
@staff_only
def resolve(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Thread.objects.select_related("version__page"), pk=pk)
    try:
        actions.resolve_thread(thread=found, by=request.user)
    except NotAllowed as refused:
        messages.error(request, refused.reason)
    else:
        messages.success(request, _("Resolved."))
    return redirect(found)


@staff_only
def suggestion(request: HttpRequest, pk: int) -> HttpResponse:
    """One proposal: what it changes, what became of it, and for the owner the decision."""
    found = get_object_or_404(queries.for_list(Suggestion.objects.all()), pk=pk)
    page = actions.working_copy(found.version.page)
    landing = actions.landing(found, page)
    seen = actions.working_digest(found, page)
    refusal = rules.why_not(rules.check_decide, user=request.user, suggestion=found, to="accepted")
    form = DecideForm(request.POST or None, suggestion=found, landing=landing, initial={"seen": seen})
    if request.method == "POST" and form.is_valid():
        answer = form.cleaned_data["answer"]
        try:
            if form.cleaned_data["decision"] == "accept":
                actions.accept(
                    suggestion=found,
                    by=request.user,
                    answer=answer,
                    final=form.final(),
                    seen=form.cleaned_data["seen"],
                )
            else:
                actions.refuse(suggestion=found, by=request.user, answer=answer)
        except NotAllowed as refused:
            # The page shows the text as it is now, with the reason above.
            form = DecideForm(
                {**request.POST.dict(), "seen": seen},
                suggestion=found,
                landing=landing,
                initial={"seen": seen},
            )
            form.add_error(None, refused.reason)
        else:
            messages.success(request, _("Your decision is recorded; the author sees it."))
            return redirect(found)
    titles = {step["id"]: (number, step["title"]) for number, step in enumerate(found.version.steps, 1)}
    changes = [
        {
            "change": change,
            "step": titles.get(change.step_id),
            "parts": diff_text(change.base_text, change.proposed_text),
            "landed_parts": diff_text(change.base_text, change.landed_text),
            "current": actions.current_text(page, change.step_id, change.field),
            "conflict": found.is_open and landing[change.step_id, change.field] is None,
        }
        for change in found.changes.all()
    ]
    context = {
        "suggestion": found,
        "changes": changes,
        "form": form,
        "refusal": refusal,
        "owns": rules.owns(request.user, found.version.page),
        "can_withdraw": rules.can_withdraw(user=request.user, suggestion=found),
    }
    return render(request, "review/suggestion.html", context)


@require_POST
@staff_only
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Suggestion.objects.select_related("version__page"), pk=pk)
    try:
        actions.withdraw(suggestion=found, by=request.user)
    except NotAllowed as refused:
        messages.error(request, refused.reason)
    else:
        messages.success(request, _("Withdrawn."))
    return redirect(found)


@staff_only
def draft(request: HttpRequest, number: str) -> HttpResponse:
    """The working copy against the version in force; submit it, and approve what was submitted."""
    page = get_object_or_404(ProcedurePage.objects.select_related("procedure_owner"), number=number)
    task_state = page.current_workflow_task_state
    # What waits for approval is the submitted revision, whatever was saved since.
    shown = task_state.revision.as_object() if task_state else actions.working_copy(page)
    content = canonical_content(shown)
    effective = page.versions.first()
    sha256 = content_hash(content)
    approve_refusal = rules.why_not(rules.check_approve, user=request.user, page=page, task_state=task_state)
    sent_back = queries.sent_back(page)
    submit_form = SubmitForm(initial={"change_summary": shown.change_summary} if sent_back else None)
    approve_form = ApproveForm(initial={"sha256": sha256}, may_approve=not approve_refusal)
    if request.method == "POST":
        if "change_summary" in request.POST:
            submit_form = SubmitForm(request.POST)
            done = submit_form.is_valid() and _submit(request, page, submit_form)
        else:
            approve_form = ApproveForm(request.POST)
            done = approve_form.is_valid() and _approve(request, page, approve_form)
        if done:
            return redirect("review:draft", number)
        if approve_form.is_bound:
            errors = approve_form.errors
            approve_form = ApproveForm({**request.POST.dict(), "sha256": sha256})
            approve_form.errors.update(errors)
    landed = list(queries.for_list(Suggestion.objects.on_page(page.pk).unreleased()))
    context = {
        "page": page,
        "content": content,
        "effective": effective,
        "comparison": compare(effective.content, content) if effective else None,
        "task_state": task_state,
        "submitted": shown if task_state else None,
        "landed": [found for found in landed if is_carried(found, content)],
        "taken_back": [found for found in landed if not is_carried(found, content)],
        "sent_back": sent_back,
        "waiting": Suggestion.objects.on_page(page.pk).waiting().count(),
        "submit_form": submit_form,
        "approve_form": approve_form,
        "submit_refusal": rules.why_not(rules.check_submit, user=request.user, page=page),
        "approve_refusal": approve_refusal,
        "may_send_back": rules.can_send_back(user=request.user, page=page, task_state=task_state),
        "may_edit": page.permissions_for_user(request.user).can_edit(),
    }
    return render(request, "review/draft.html", context)


def _submit(request: HttpRequest, page: ProcedurePage, form: SubmitForm) -> bool:
    try:
        actions.submit_for_release(page=page, by=request.user, **form.cleaned_data)
    except NotAllowed as refused:
        form.add_error(None, refused.reason)
        return False
    messages.success(request, _("Submitted. Somebody else approves it now."))
    return True


def _approve(request: HttpRequest, page: ProcedurePage, form: ApproveForm) -> bool:
    data = form.cleaned_data
    try:
        if data["decision"] == "approve":
            version = actions.approve_release(
                page=page, by=request.user, meaning=data["comment"], seen_sha256=data["sha256"]
            )
            messages.success(request, _("Version %(label)s is in force.") % {"label": version.label})
        else:
            actions.send_back(page=page, by=request.user, reason=data["comment"])
            messages.success(request, _("Sent back."))
    except NotAllowed as refused:
        form.add_error(None, refused.reason)
        return False
    return True


def _page_or_fragment(
    request: HttpRequest, page: str, fragment: str, context: dict[str, Any]
) -> HttpResponse:
    return render(request, fragment if request.htmx else page, context)  # type: ignore[attr-defined]  # django-htmx
