"""The page of one version, as the field reads it."""

from dataclasses import dataclass
from functools import cache, lru_cache
from io import BytesIO
from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

from procedures.access import may_read_internal, readable_audiences
from procedures.compare import describe_applicability
from procedures.extensions import Stop, contributions, stop_of, with_on_hold
from procedures.frozen_files import content_type, read_frozen
from procedures.models import ProcedurePage, ProcedureVersion, VersionStatus
from procedures.reading import ReadStep, read_steps
from procedures.rendering import render_content
from procedures.views.stop import stop_page


@dataclass(frozen=True, slots=True)
class Article:
    """What every reader of a version sees alike, as HTML in one interface language."""

    opening: SafeString  # safety notes, what to have ready, the list of steps
    steps: list[tuple[str, SafeString]]  # (step id, HTML)
    applies_to: list[str]
    error_codes: list[tuple[str, str]]  # (code, address)
    minutes: int


@lru_cache(maxsize=512)
def _article(version_pk: int, sha256: str, language: str) -> Article:
    """A version never changes, so neither does this: made at the first view, kept by the process."""
    return build_article(ProcedureVersion.objects.get(pk=version_pk))


def build_article(version: ProcedureVersion) -> Article:
    """The article of a version's content and HTML, in the language of the current request."""
    steps = read_steps(version.content, version.html)
    context = {"version": version, "language": version.language}
    opening = {**context, "steps": steps, "safety": mark_safe(version.html["safety"])}
    return Article(
        opening=render_to_string("procedures/_opening.html", opening),
        steps=[
            (step.id, render_to_string("procedures/_step.html", {**context, "step": step})) for step in steps
        ],
        applies_to=[describe_applicability(row) for row in version.content["applies_to"]],
        error_codes=[
            (code["code"], reverse("procedures:error_code", args=[code["product_line"], code["code"]]))
            for code in version.content["error_codes"]
        ],
        minutes=sum(step.minutes or 0 for step in steps),
    )


@dataclass(frozen=True, slots=True)
class VersionPage:
    """What templates/procedures/version.html shows."""

    version: ProcedureVersion
    current: ProcedureVersion | None
    instead: ProcedureVersion | None  # of what was withdrawn
    article: Article
    steps: list[tuple[str, SafeString, SafeString]]  # id, HTML, what other apps add
    additions: list[str]  # what other apps add below the whole
    notices: list[str]  # and above it
    stop: Stop | None  # on hold, and this reader reads on all the same
    buttons: list[str]
    internal: bool


def latest(request: HttpRequest, number: str) -> HttpResponse:
    """The version in force; where it was withdrawn, why and what to use instead."""
    version = _readable(request).effective().filter(number=number).first()
    if version is not None:
        return _page(request, version, current=version)
    if (present := number_now(request, number)) is not None:
        return redirect("procedures:latest", present)
    newest = (
        ProcedureVersion.objects.filter(number=number).was_in_force().order_by("-major", "-minor").first()
    )
    if (
        newest is None
        or newest.status != VersionStatus.WITHDRAWN
        or newest.audience not in readable_audiences(request.user)
    ):
        raise Http404
    page = {"version": newest, "instead": _instead_of(request, newest)}
    return render(request, "procedures/withdrawn.html", page, status=410)


def _instead_of(request: HttpRequest, withdrawn: ProcedureVersion) -> ProcedureVersion | None:
    """What this reader is to use instead, by the number and title that were signed, not those of the working copy."""
    if withdrawn.replaced_by_id is None:
        return None
    found: ProcedureVersion | None = (
        _readable(request).effective().filter(page=withdrawn.replaced_by_id).first()
    )
    return found


def version(request: HttpRequest, number: str, label: str) -> HttpResponse:
    """Exactly this version, which may no longer be in force: then it says so and names the one that is."""
    found = find_version(request, number, label)
    if found.is_effective:
        return _page(request, found, current=found)
    current = (
        ProcedureVersion.objects.visible_to(request.user).effective().filter(page_id=found.page_id).first()
    )
    return _page(request, found, current=current)


def number_now(request: HttpRequest, number: str) -> str | None:
    """The number that the procedure goes by now that had this one, for whoever may read it under both.

    None where it is still this one, where no version in force ever had it, or where it is not for them.
    """
    readable = ProcedureVersion.objects.was_in_force().filter(audience__in=readable_audiences(request.user))
    had = readable.filter(number=number).values("page")
    newest = ProcedureVersion.objects.was_in_force().filter(page__in=had).order_by("-major", "-minor").first()
    if newest is None or newest.audience not in readable_audiences(request.user):
        return None
    return newest.number if newest.number != number else None


_USED_PAGE_FIELDS = {"id", "page_ptr", "number", "team", "procedure_owner", "title"}
_UNUSED_PAGE_FIELDS = [
    field.name for field in ProcedurePage._meta.concrete_fields if field.name not in _USED_PAGE_FIELDS
]


def _readable(request: HttpRequest) -> Any:
    return _shown().visible_to(request.user)


@cache
def _shown() -> Any:
    """The versions with what a page shows of them: a question to go on from, put together once."""
    return (
        with_on_hold(ProcedureVersion.objects.all())
        .select_related("page__procedure_owner", "product_line", "approved_by")
        .defer("content", "html", "search_text")
        # A page is two wide tables: only what is shown of it.
        .defer(*(f"page__{name}" for name in _UNUSED_PAGE_FIELDS))
    )


def parse_label(label: str) -> tuple[int, int]:
    """ "1.2" as (1, 2). Raises Http404 for anything else: it names no version."""
    major, dot, minor = label.partition(".")
    # Nine digits fit the column on every database.
    if not (
        dot
        and major.isascii()
        and minor.isascii()
        and major.isdigit()
        and minor.isdigit()
        and len(label) < 18
    ):
        raise Http404
    if max(int(major), int(minor)) > 2_147_483_647:
        raise Http404
    return int(major), int(minor)


def find_version(request: HttpRequest, number: str, label: str) -> ProcedureVersion:
    """The version with this number and label, if this reader may see it. Raises Http404."""
    major, minor = parse_label(label)
    return get_object_or_404(_readable(request), number=number, major=major, minor=minor)


def _page(request: HttpRequest, version: ProcedureVersion, current: ProcedureVersion | None) -> HttpResponse:
    stop = stop_of(request.user, version) if version.on_hold else None
    if (stopped := stop_page(request, version, stop)) is not None:
        return stopped
    article = _article(version.pk, version.sha256, get_language() or "")
    added = contributions(request, version, [step_id for step_id, _ in article.steps])
    page = VersionPage(
        version=version,
        current=current,
        instead=_instead_of(request, version),
        article=article,
        steps=[
            (step_id, html, mark_safe("".join(found.steps.get(step_id, "") for found in added)))
            for step_id, html in article.steps
        ],
        additions=[found.page for found in added if found.page],
        notices=[found.notice for found in added if found.notice],
        stop=stop,
        buttons=[found.button for found in added if found.button],
        internal=may_read_internal(request.user),
    )
    return render(request, "procedures/version.html", {"page": page})


def image(request: HttpRequest, number: str, label: str, sha256: str) -> FileResponse:
    """The frozen bytes of an image of this version, for whoever may read the version."""
    found = find_version(request, number, label)
    if not any(sha256 == shown["sha256"] for step in found.steps for shown in step["images"]):
        raise Http404
    return frozen_image(sha256)


def frozen_image(sha256: str) -> FileResponse:
    """The frozen image with this SHA-256 (procedures.frozen_files). Raises Http404, also where its file was changed."""
    if (frozen := read_frozen(sha256)) is None:
        raise Http404
    name, data = frozen
    return image_response(BytesIO(data), name)


def image_response(file: Any, name: str) -> FileResponse:
    """An image that a browser keeps: its address names the bytes, so they never change."""
    response = FileResponse(file, content_type=content_type(name))
    response["Cache-Control"] = "private, max-age=31536000, immutable"  # not everybody may read them
    response["X-Content-Type-Options"] = "nosniff"
    return response


def render_working_copy(content: dict[str, Any]) -> tuple[list[ReadStep], SafeString]:
    """The steps and safety notes of a content that is no version yet, rendered now."""
    html = render_content(content)
    return read_steps(content, html), mark_safe(html["safety"])
