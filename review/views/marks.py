"""Comment on a step, propose an edit, and what becomes of both."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from procedures.models import ProcedureVersion
from procedures.rules import NotAllowed
from procedures.views.post_only import post_only
from procedures.views.version import find_version, frozen_image
from procedures.wording import diff_text
from review import actions, queries, rules, threads
from review.forms import CommentForm, DecideForm, ReplyForm, SuggestForm
from review.models import Photo, Suggestion, Thread, ThreadKind
from review.pointing import PointedImage, shown_size
from review.views.access import staff_only


def _step_of(version: ProcedureVersion, step_id: str) -> dict[str, Any]:
    for step in version.steps:
        if step["id"] == step_id:
            return step
    raise Http404


@staff_only
def comment(request: HttpRequest, number: str, label: str, step_id: str = "") -> HttpResponse:
    """Start a thread on a step of exactly this version, a passage of it, or a point of one of its images."""
    version = find_version(request, number, label)
    step = _step_of(version, step_id) if step_id else None
    form = CommentForm(request.POST or None, request.FILES or None, initial=_marked(request, step))
    refusal = rules.why_not(rules.check_mark, user=request.user, version=version)
    if request.method == "POST" and form.is_valid():
        try:
            threads.start_thread(version=version, step_id=step_id, by=request.user, **form.cleaned_data)
        except NotAllowed as refused:
            form.add_error(None, refused.reason)
        else:
            messages.success(request, _("Your comment is with the owner."))
            return redirect(f"{version.get_absolute_url()}#step-{step_id}" if step_id else version)
    marked = PointedImage.typed(step, version, form)
    context = {"version": version, "step": step, "form": form, "refusal": refusal, "marked": marked}
    return _page_or_fragment(request, "review/comment.html", "review/_comment_form.html", context)


def _marked(request: HttpRequest, step: dict[str, Any] | None) -> dict[str, Any]:
    """What the address says was selected: a passage, or a point as the page of an image (point) sends it."""
    given = {name: request.GET.get(name, "") for name in ("quote", "before", "after", "image")}
    if step is None or given["image"] not in {image["sha256"] for image in step["images"]}:
        return {name: given[name] for name in ("quote", "before", "after")}
    across, down = (request.GET.get(name, "") for name in ("point.x", "point.y"))
    if not (across.isdecimal() and down.isdecimal() and len(across + down) < 12):
        return {"quote": given["quote"]}
    width, height = shown_size(given["image"])
    x, y = round(1000 * int(across) / width), round(1000 * int(down) / height)
    return {"image": given["image"], "x": min(x, 1000), "y": min(y, 1000)}


@staff_only
def point(request: HttpRequest, number: str, label: str, step_id: str, sha256: str) -> HttpResponse:
    """An image of a step, large: a press on it says which point a comment is about."""
    version = find_version(request, number, label)
    step = _step_of(version, step_id)
    image = next((image for image in step["images"] if image["sha256"] == sha256), None)
    if image is None:
        raise Http404
    width, height = shown_size(sha256)
    context = {"version": version, "step": step, "image": image, "width": width, "height": height}
    return render(request, "review/point.html", context)


@staff_only
def photo(request: HttpRequest, pk: int) -> HttpResponse:
    """A photo of a comment, for the staff."""
    found = get_object_or_404(Photo, pk=pk)
    response: Any = frozen_image(str(found.file.name))
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


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
    form = ReplyForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            act = threads.reopen_thread if "reopen" in request.POST else threads.reply
            act(thread=found, by=request.user, **form.cleaned_data)
        except NotAllowed as refused:
            form.add_error(None, refused.reason)
        else:
            messages.success(request, _("Your reply is added."))
            return redirect(found)
    step = next((step for step in found.version.steps if step["id"] == found.step_id), None)
    queries.show_places([found], found.version)
    context = {
        "thread": found,
        "step": step,
        "form": form,
        "can_reply": rules.can_mark(user=request.user, version=found.version),
        "can_resolve": rules.can_resolve(user=request.user, thread=found),
        "can_reopen": rules.can_reopen(user=request.user, thread=found),
        "owns": rules.owns(request.user, found.version.page),
        "other_kinds": [choice for choice in ThreadKind.choices if choice[0] != found.kind],
    }
    return render(request, "review/thread.html", context)


@post_only("review:thread", "pk")
@staff_only
def resolve(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Thread.objects.select_related("version__page"), pk=pk)
    try:
        threads.resolve_thread(thread=found, by=request.user)
    except NotAllowed as refused:
        messages.error(request, refused.reason)
    else:
        messages.success(request, _("Resolved."))
    return redirect(found)


@post_only("review:thread", "pk")
@staff_only
def change_kind(request: HttpRequest, pk: int) -> HttpResponse:
    """Say that a comment is about safety, or about something else."""
    found = get_object_or_404(Thread.objects.select_related("version__page"), pk=pk)
    kind = request.POST.get("kind", "")
    if kind not in ThreadKind.values:
        messages.error(request, _("Choose what the comment is about."))
        return redirect(found)
    try:
        threads.change_kind(thread=found, kind=kind, by=request.user)
    except NotAllowed as refused:
        messages.error(request, refused.reason)
    else:
        messages.success(request, _("Changed; its author is told."))
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


@post_only("review:suggestion", "pk")
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


def _page_or_fragment(
    request: HttpRequest, page: str, fragment: str, context: dict[str, Any]
) -> HttpResponse:
    return render(request, fragment if request.htmx else page, context)  # type: ignore[attr-defined]  # django-htmx
