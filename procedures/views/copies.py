"""Copies on paper: the PDF of a version, and the address on it that says whether it is still in force."""

from dataclasses import dataclass
from threading import BoundedSemaphore
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.http import content_disposition_header
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache

from procedures.access import may_read_internal, readable_audiences
from procedures.extensions import Stop, stop_of
from procedures.models import ProcedureVersion, VersionStatus
from procedures.printing import PrintingUnavailable, version_pdf
from procedures.queries import for_lists
from procedures.views.stop import stop_page
from procedures.views.version import find_version, latest, number_now, parse_label

DIGEST_LENGTH = 16  # hexadecimal digits of the content's SHA-256: 64 bits, which nobody guesses
# One takes a second and tens of megabytes: who asks for more at once waits a little, then is told to come back.
_MAKING = BoundedSemaphore(2)
_PATIENCE, _COME_BACK = 5, 30  # seconds
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


def permanent_address(request: HttpRequest, version: ProcedureVersion) -> str:
    """The absolute address that says what became of a copy of this version.

    Paper outlives the request, and a proxy may ask by an inner name: the site's own address
    (REDLINE_BASE_URL) counts where it was set, and the name that the request came by where it was not.
    """
    path = reverse("procedures:copy", args=[version.number, version.label, version.sha256[:DIGEST_LENGTH]])
    base: str = settings.WAGTAILADMIN_BASE_URL
    return request.build_absolute_uri(path) if urlsplit(base).hostname in _LOOPBACK else urljoin(base, path)


@never_cache
def pdf(request: HttpRequest, number: str, label: str) -> HttpResponse:
    """The version as PDF, for whoever may read it; 503 and what to install where none can be made, or when to ask
    again where as many as a process makes at once are being made."""
    version = find_version(request, number, label)
    stop = stop_of(request.user, version) if version.on_hold else None
    if (stopped := stop_page(request, version, stop, status=409)) is not None:
        return stopped
    if not _MAKING.acquire(timeout=_PATIENCE):
        response = render(request, "procedures/printing_busy.html", {"version": version}, status=503)
        response["Retry-After"] = str(_COME_BACK)
        return response
    try:
        data = version_pdf(
            version,
            address=permanent_address(request, version),
            language=get_language() or settings.LANGUAGE_CODE,
            printed_at=timezone.now(),
            printed_by=request.user,
        )
    except PrintingUnavailable as missing:
        internal = may_read_internal(request.user)
        context = {"version": version, "missing": missing, "internal": internal}
        return render(request, "procedures/no_printing.html", context, status=503)
    finally:
        _MAKING.release()
    name = f"{version.number}-{version.label}.pdf"
    return HttpResponse(
        data,
        content_type="application/pdf",
        headers={
            "Content-Disposition": content_disposition_header(True, name),
            "X-Robots-Tag": "noindex",
        },
    )


@dataclass(frozen=True, slots=True)
class CopyPage:
    """What templates/procedures/copy.html says; `version` is None for a copy that nobody released."""

    number: str
    label: str
    version: ProcedureVersion | None  # what the copy was made from
    readable: bool  # by this reader: then it also says when, why and by what
    current: ProcedureVersion | None  # what is in force instead, if this reader may read it
    named: ProcedureVersion | None  # of a false copy: the version that it claims to be, if readable
    called_off: bool = False  # it never was in force, and this reader may know
    stop: Stop | None = None  # why nobody is to work by it: for its readers, others learn only that


@never_cache
def copy(request: HttpRequest, number: str, label: str, digest: str) -> HttpResponse:
    """Whether the copy with exactly this hash is in force, for whoever holds it; the rest for its readers."""
    claimed = _claimed(number, label)
    version = next((found for found in claimed if _is_copy_of(found, digest)), None)
    readable = for_lists(ProcedureVersion.objects.visible_to(request.user))
    if version is None:
        named = readable.filter(pk__in=[found.pk for found in claimed]).first()
        page = CopyPage(number, label, None, readable=False, current=None, named=named)
    else:
        # Of a withdrawn version nobody outside reads the text any more, but its readers learn why.
        withdrawn = (
            version.status == VersionStatus.WITHDRAWN
            and ProcedureVersion.objects.was_in_force().filter(pk=version.pk).exists()
        )
        may_read = (withdrawn and version.audience in readable_audiences(request.user)) or readable.filter(
            pk=version.pk
        ).exists()
        in_force_now = readable.effective()
        # A version called off before its day names a successor too, while its own procedure goes on.
        current = (
            in_force_now.filter(page_id=version.page_id).first()
            or in_force_now.filter(page_id=version.replaced_by_id).first()
        )
        stop = stop_of(request.user, version) if version.on_hold and may_read else None
        page = CopyPage(
            number, label, version, readable=may_read, current=current, named=None,
            called_off=may_read and version.was_called_off, stop=stop,
        )  # fmt: skip
    response = render(request, "procedures/copy.html", {"page": page}, status=200 if version else 404)
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _claimed(number: str, label: str) -> list[ProcedureVersion]:
    """The versions with this number and label, whoever may read them; none for what is no label."""
    try:
        major, minor = parse_label(label)
    except Http404:
        return []
    return list(for_lists(ProcedureVersion.objects.filter(number=number, major=major, minor=minor)))


def _is_copy_of(version: ProcedureVersion, digest: str) -> bool:
    return constant_time_compare(version.sha256[:DIGEST_LENGTH], digest.lower())


def in_force(request: HttpRequest, number: str) -> HttpResponse:
    """To the version in force now, under its own address: a link that follows, where others stay pinned.

    Where none is, the answer is that of the procedure's own address: why it was withdrawn, and what instead.
    """
    current = for_lists(ProcedureVersion.objects.visible_to(request.user)).effective()
    found = current.filter(number=number).first()
    if found is None and (present := number_now(request, number)) is not None:
        found = current.filter(number=present).first()
    return redirect(found) if found is not None else latest(request, number)
