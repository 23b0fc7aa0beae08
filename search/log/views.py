"""The link from a result to its document, by way of the log."""

from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.views.decorators.http import require_safe

from search.log import keeping
from search.models import SearchDocument
from search.queries import visible
from search.registry import scopes_for


@require_safe
def opened(request: HttpRequest) -> HttpResponse:
    """Leads to the document as it is now, if this person may see it, and to nowhere else: the link names no address."""
    try:
        opening, counts = keeping.read(request.GET.get("to", ""))
    except signing.BadSignature:
        raise Http404 from None
    document = SearchDocument.objects.filter(
        source=opening.source, object_id=opening.object_id, scope__in=scopes_for(request.user)
    ).first()
    if document is None or not visible(request.user, [document]):
        raise Http404
    response = HttpResponseRedirect(document.url + opening.place)
    response["Cache-Control"] = "private, no-store"
    if counts and request.method == "GET" and not keeping.is_ahead(request):
        keeping.note_opening(opening, response)
    return response
