"""Which watches a procedure concerns.

A watch on a module covers its parts. What belongs to a procedure is what its version in force or its working
copy says, so nobody misses the moment in which it changes.
"""

from collections.abc import Iterable

from django.db.models import Q
from wagtail.models import Revision

from procedures.models import Module, ProcedurePage, ProcedureVersion


def covering(page: ProcedurePage, version: ProcedureVersion | None) -> Q:
    """The watches that this procedure concerns."""
    versions = ProcedureVersion.objects.filter(page=page.pk)
    versions = versions.filter(Q(status="effective") | Q(pk=version.pk if version is not None else None))
    lines = set(versions.order_by().values_list("product_line", flat=True))
    codes = set(versions.order_by().values_list("error_codes", flat=True))
    # The working copy without making a page of it: its line and codes are all that is asked.
    newest = Revision.objects.filter(
        pk__in=ProcedurePage.objects.filter(pk=page.pk).values("latest_revision")
    )
    for line, its_codes in newest.values_list("content__product_line", "content__error_codes"):
        lines.add(line)
        codes.update(its_codes or ())
    lines.discard(None)
    codes.discard(None)
    covering = Q(page=page.pk)
    if lines:
        covering |= Q(product_line__in=lines)
    if codes:
        covering |= Q(error_code__in=codes) | Q(module__in=_modules_of(codes))
    return covering


def _modules_of(codes: Iterable[int]) -> set[int]:
    """The modules that report these codes, with those that they are parts of."""
    reporting = Module.objects.filter(error_codes__in=codes)
    parents = dict(
        Module.objects.filter(product_line__in=reporting.values("product_line")).values_list("pk", "parent")
    )
    found: set[int] = set()
    for module in reporting.values_list("pk", flat=True):
        above: int | None = module
        while above is not None and above not in found:
            found.add(above)
            above = parents.get(above)
    return found
