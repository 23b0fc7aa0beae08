"""What every page of the site knows: where it is, and how much waits for the person who reads it."""

from collections import Counter
from functools import cached_property
from typing import Any
from urllib.parse import quote

from django.db.models import CharField, Value
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from kb import typed
from review import readers, upkeep
from review.eligibility import open_stages_for
from review.models import Notice, Suggestion
from review.queries import suggestions_to_decide, threads_to_answer

MAX_NEXT = 4_000
"""Bytes that a link to the sign-in carries to lead back here: many servers take 8,000 of a whole address."""

# The view's name, and the part of the navigation that it belongs to.
_SECTIONS = {
    "procedures:equipment": "equipment",
    "procedures:product_line": "equipment",
    "procedures:model": "equipment",
    "procedures:machine": "equipment",
    "procedures:error_code": "equipment",
    "procedures:lint": "equipment",
    "procedures:accept_overlap": "equipment",
    "procedures:faq": "faq",
    "procedures:faq_entry": "faq",
}


class Waiting:
    """What waits for one person; each count costs one query, when it is asked for."""

    def __init__(self, user: Any) -> None:
        self.user = user

    @cached_property
    def news(self) -> int:
        """Notices not read yet."""
        return Notice.objects.news().filter(recipient=self.user).count()

    @cached_property
    def my_suggestions(self) -> int:
        """Own proposed edits that nobody has decided on yet."""
        return Suggestion.objects.waiting().filter(author=self.user).count()

    @cached_property
    def to_decide(self) -> int:
        """Proposed edits that this person may decide on."""
        return suggestions_to_decide(self.user).count()

    @cached_property
    def to_answer(self) -> int:
        """Open threads that this person should answer."""
        return threads_to_answer(self.user).count()

    @cached_property
    def to_approve(self) -> int:
        """Stages of releases that wait for this person's signature or opinion."""
        return open_stages_for(self.user).count()

    @cached_property
    def _duties(self) -> Counter[str]:
        """What this person has to read, and to review within 30 days, in one query."""
        to_read = readers.open_tasks(self.user).order_by().annotate(duty=_word("to_read"))
        to_review = (
            upkeep.due_for(self.user, timezone.localdate()).order_by().annotate(duty=_word("to_review"))
        )
        return Counter(
            to_read.values_list("duty", flat=True).union(to_review.values_list("duty", flat=True), all=True)
        )

    @property
    def to_read(self) -> int:
        """Major versions that this person has not acknowledged yet."""
        return self._duties["to_read"]

    @property
    def to_review(self) -> int:
        """Procedures of this person that are due for review."""
        return self._duties["to_review"]

    @cached_property
    def total(self) -> int:
        """What this person has to act on; a proposal that waits for somebody else is not counted."""
        waits = self.news + self.to_decide + self.to_answer + self.to_approve
        return waits + self._duties.total()


def _word(text: str) -> Value:
    return Value(text, output_field=CharField())


def has_inbox(user: Any) -> bool:
    return bool(user and user.is_authenticated and user.has_perm("review.add_suggestion"))


def _sign_in_address(here: str) -> str:
    """The sign-in, and back from there; without the way back where a long text in it makes it too long for an address."""
    address, back = reverse("accounts:login"), quote(here, safe="")
    return f"{address}?next={back}" if 0 < len(back) <= MAX_NEXT else address


def site(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    match = request.resolver_match
    view_name = match.view_name if match else ""
    section = _SECTIONS.get(view_name, view_name.partition(":")[0])
    here = request.get_full_path()
    return {
        "brand": "Redline",
        "section": section,
        "here": here,
        "sign_in_address": _sign_in_address("" if section == "accounts" else here),
        "carried": typed.carried(request) if match and view_name != "accounts:language" else "",
        "waiting": Waiting(user) if has_inbox(user) else None,
    }
