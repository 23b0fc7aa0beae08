"""Whose a number is. A number that a version had, or that a release under way has, is its procedure's for good:
tickets, paper and links go by it. Numbers are compared without regard to case, as people read them.
"""

from collections.abc import Iterator
from itertools import chain
from typing import Any

from django.db.models import Value
from django.db.models.functions import Lower, Replace
from django.utils.translation import gettext as _

from procedures.access import may_read_internal, readable_audiences
from procedures.as_written import SEPARATORS, bare_of
from procedures.models import ProcedureIndexPage, ProcedurePage, ProcedureVersion
from procedures.plain_codes import same_key
from procedures.rules import NotAllowed
from procedures.underway import under_way


def owner_of(number: str, *, besides: int | None, reserved: bool = True) -> ProcedurePage | None:
    """The procedure other than `besides` that the number belongs to; `reserved`: also by a release under way.

    A release under way elsewhere reserves nothing of what `besides` has had in a version already.
    """
    # In the order in which they count, asked in one query: versions, releases under way, working copies.
    sources = under_way() if reserved else ()
    versions = ProcedureVersion.objects.alias(key=Lower("number")).filter(key=number.lower())  # has an index
    claims: list[tuple[Any, str]] = [
        (versions, "page"),
        *((rows.filter(content__number__iexact=number), "page") for rows in sources),
        (ProcedurePage.objects.filter(number__iexact=number), "pk"),
    ]
    first, *others = (
        rows.order_by().values_list(Value(rank), page) for rank, (rows, page) in enumerate(claims)
    )
    found = set(first.union(*others))
    by_version, by_page = 0, len(claims) - 1
    if (by_version, besides) in found:
        found = {(rank, page) for rank, page in found if rank in (by_version, by_page)}
    owners = sorted((rank, page) for rank, page in found if page != besides)
    return ProcedurePage.objects.get(pk=owners[0][1]) if owners else None


def number_as_written(number: str, user: Any) -> str | None:
    """The number of the procedure that this person may read and means by this one, in other capitals, or, where only
    one fits, with other separators and widths."""
    written = _in_other_capitals(number, user) or _in_another_spelling(number, user)
    return written if written != number else None


def _in_another_spelling(number: str, user: Any) -> str | None:
    bare: Any = Lower("number")
    for separator in SEPARATORS:
        bare = Replace(bare, Value(separator), Value(""))
    typed, key = bare_of(number), same_key(number)
    had = ProcedureVersion.objects.was_in_force().filter(audience__in=readable_audiences(user))
    rows: list[Any] = [had.values_list("page", "number")]
    if may_read_internal(user):
        rows += [ProcedureVersion.objects.values_list("page", "number")]
        rows += [ProcedurePage.objects.values_list("pk", "number")]
    for named in rows:
        fitting = named.alias(bare=bare).filter(bare=typed).order_by("-pk") if typed else ()
        found = [(page, written) for page, written in fitting if same_key(written) == key]
        if found:
            return found[0][1] if len({page for page, _written in found}) == 1 else None
    return None


def _in_other_capitals(number: str, user: Any) -> str | None:
    key = number.lower()
    had = ProcedureVersion.objects.alias(key=Lower("number")).filter(key=key)  # has an index
    found = had.was_in_force().filter(audience__in=readable_audiences(user)).order_by("-pk")
    written = found.values_list("number", flat=True).first()
    if written is None and may_read_internal(user):
        drafted = ProcedurePage.objects.filter(number__iexact=number)
        known = had.values_list("number", flat=True).first()
        written = known or drafted.values_list("number", flat=True).first()
    return written


def taken_message(number: str, page: ProcedurePage) -> str:
    return _("Number %(number)s belongs to another procedure, “%(title)s”, for good. Choose another one.") % {
        "number": number,
        "title": page.title,
    }


def check_number(*, page_id: int | None, number: str, reserved: bool = True) -> None:
    """Raises NotAllowed where the number is another procedure's."""
    if number and (owner := owner_of(number, besides=page_id, reserved=reserved)) is not None:
        raise NotAllowed(taken_message(number, owner))


def claim_number(*, page_id: int, number: str, reserved: bool = True) -> None:
    """As check_number, in a transaction that is about to give the procedure this number.

    Two that claim a new number follow each other, so that the second sees the first.
    """
    if not ProcedureVersion.objects.filter(page=page_id, number=number).exists():
        list(ProcedureIndexPage.objects.select_for_update().values_list("pk"))
    check_number(page_id=page_id, number=number, reserved=reserved)


def all_claims() -> Iterator[tuple[str, int]]:
    """(number, page id) of everything that owner_of goes by."""
    return chain(
        ProcedureVersion.objects.order_by().values_list("number", "page").distinct(),
        *(rows.values_list("content__number", "page") for rows in under_way()),
        ProcedurePage.objects.values_list("number", "pk"),
    )
