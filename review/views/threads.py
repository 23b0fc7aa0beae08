"""Comments: on a step, a passage, a point of an image; replies, and what becomes of them."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from procedures.models import ProcedureVersion
from procedures.rules import NotAllowed
from procedures.views.post_only import post_only
from procedures.views.version import find_version, image_response
from review import levels, queries, rules, threads
from review.forms import CommentForm, ReplyForm
from review.models import Photo, Thread, ThreadKind, ThreadStatus
from review.pointing import PointedImage, shown_size
from review.views.access import do_and_say, page_or_fragment, staff_only

# What a comment's form takes along to the page of an image and back.
_TRAVELS = ("kind", "text", "quote", "before", "after", "keep_position")


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
    # From the page of an image, with what was typed before: it is not sent yet.
    placed = request.method == "POST" and not {"point.x", "whole"}.isdisjoint(request.POST)
    judged = request.method == "POST" and not placed
    data, files = (request.POST, request.FILES) if judged else (None, None)
    form = CommentForm(data, files, initial=_marked(request, step))
    refusal = rules.why_not(rules.check_mark, user=request.user, version=version)
    if judged and form.is_valid():
        try:
            threads.start_thread(version=version, step_id=step_id, by=request.user, **form.cleaned_data)
        except NotAllowed as refused:
            form.add_error(None, refused.reason)
        else:
            messages.success(request, _("Your comment is with the owner."))
            return redirect(f"{version.get_absolute_url()}#step-{step_id}" if step_id else version)
    marked = PointedImage.typed(step, version, form)
    context = {
        "version": version, "step": step, "form": form, "refusal": refusal, "marked": marked,
        "draft": request.POST.get("draft", "") if placed else "", "had_file": placed and "had-file" in request.POST,
    }  # fmt: skip
    return page_or_fragment(request, "review/comment.html", "review/_comment_form.html", context)


def _marked(request: HttpRequest, step: dict[str, Any] | None) -> dict[str, Any]:
    """What was typed and selected so far: a passage, or a point as the page of an image (point) sends it."""
    sent = request.POST if request.method == "POST" else request.GET
    given: dict[str, Any] = {name: sent[name] for name in _TRAVELS if name in sent}
    image = sent.get("image", "")
    if step is None or image not in {image["sha256"] for image in step["images"]}:
        return given
    across, down = (sent.get(name, "") for name in ("point.x", "point.y"))
    if "whole" in sent or not (across.isdecimal() and down.isdecimal() and len(across + down) < 12):
        return given
    width, height = shown_size(image)
    x, y = round(1000 * int(across) / width), round(1000 * int(down) / height)
    return given | {"image": image, "x": min(x, 1000), "y": min(y, 1000)}


@staff_only
def point(request: HttpRequest, number: str, label: str, step_id: str, sha256: str) -> HttpResponse:
    """An image of a step, large: a press on it says which point a comment is about. What is typed of it travels."""
    version = find_version(request, number, label)
    step = _step_of(version, step_id)
    image = next((image for image in step["images"] if image["sha256"] == sha256), None)
    if image is None:
        raise Http404
    width, height = shown_size(sha256)
    typed = [(name, request.POST[name]) for name in (*_TRAVELS, "draft") if name in request.POST]
    if any(request.FILES.values()):
        typed.append(("had-file", "1"))
    context = {
        "version": version, "step": step, "image": image, "width": width, "height": height, "typed": typed,
    }  # fmt: skip
    return render(request, "review/point.html", context)


@staff_only
def photo(request: HttpRequest, pk: int) -> HttpResponse:
    """A photo of a comment, for the staff."""
    found = get_object_or_404(Photo, pk=pk)
    response: Any = image_response(found.file.open(), str(found.file.name))
    response["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


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
            found.refresh_from_db(fields=["status"])
            messages.success(request, _replied(found))
            return redirect(found)
    step = next((step for step in found.version.steps if step["id"] == found.step_id), None)
    queries.show_places([found], found.version)
    levels.show_dues([found])
    context = {
        "thread": found,
        "step": step,
        "form": form,
        "can_reply": rules.can_mark(user=request.user, version=found.version),
        "opens_again": rules.opens_again(user=request.user, thread=found),
        "can_resolve": rules.can_resolve(user=request.user, thread=found),
        "can_reopen": rules.can_reopen(user=request.user, thread=found),
        "owns": rules.owns(request.user, found.version.page),
        "other_kinds": [choice for choice in ThreadKind.choices if choice[0] != found.kind],
    }
    return render(request, "review/thread.html", context)


def _replied(thread: Thread) -> str:
    """What the reply did: somebody may have resolved it since the page was opened."""
    if thread.status == ThreadStatus.RESOLVED:
        return _("Your reply is added; the comment stays resolved.")
    if thread.status == ThreadStatus.OPEN:
        return _("Your reply is added; the comment waits for an answer.")
    return _("Your reply is added.")


@post_only("review:thread", "pk")
@staff_only
def resolve(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Thread.objects.select_related("version__page"), pk=pk)
    do_and_say(request, lambda: threads.resolve_thread(thread=found, by=request.user), _("Resolved."))
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
    done = _("Changed; its author is told.")
    do_and_say(request, lambda: threads.change_kind(thread=found, kind=kind, by=request.user), done)
    return redirect(found)
