"""What each notice says has happened, in the reader's language: what was decided, on which steps, in which version.

Read from the proposal as it is, never stored: a decision is final, and its reader need not share its decider's language.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from procedures.models import ProcedureVersion
from review.models import (
    Notice,
    NoticeKind,
    SuggestedAction,
    SuggestedChange,
    SuggestedField,
    Suggestion,
    SuggestionStatus,
)
from review.step_titles import step_titles

_OUTCOMES = {
    NoticeKind.DECIDED: {
        SuggestionStatus.ACCEPTED: _("Your proposed edit was accepted"),
        SuggestionStatus.CHANGED: _("Your proposed edit was accepted with changes"),
        SuggestionStatus.ADOPTED: _("Your proposed edit was adopted: the text says it already"),
        SuggestionStatus.REFUSED: _("Your proposed edit was refused"),
    },
    NoticeKind.SETTLED: {
        SuggestionStatus.ACCEPTED: _("A proposed edit was accepted"),
        SuggestionStatus.CHANGED: _("A proposed edit was accepted with changes"),
        SuggestionStatus.ADOPTED: _("A proposed edit was adopted: the text says it already"),
        SuggestionStatus.REFUSED: _("A proposed edit was refused"),
        SuggestionStatus.WITHDRAWN: _("A proposed edit was taken back by its author"),
    },
}
_OF_ONE_EDIT = {*_OUTCOMES, NoticeKind.ASKED_BACK, NoticeKind.HANDED_ON, NoticeKind.PASSED_ON}


@dataclass(frozen=True, slots=True)
class _Edits:
    """The proposed edits that notices are about, with what names their steps."""

    by_key: Mapping[int, Suggestion]
    steps: Mapping[int, Mapping[str, tuple[int, str]]]  # of each version
    added: Mapping[int, str]  # the titles of new steps, by edit

    @classmethod
    def of(cls, notices: Iterable[Notice]) -> "_Edits":
        about = {notice.suggestion_id or 0 for notice in notices if notice.kind in _OF_ONE_EDIT}
        carried = {notice.suggestion_id or 0 for notice in notices if notice.kind == NoticeKind.EFFECTIVE}
        if not about | carried:
            return cls({}, {}, {})
        together = Suggestion.objects.filter(pk__in=carried).values("sent_with")
        which = Q(pk__in=about | carried) | Q(sent_with__in=carried) | Q(sent_with__in=together)
        found = Suggestion.objects.filter(which).select_related("assigned_to").order_by("pk")
        by_key = {edit.pk: edit for edit in found}
        digests = ProcedureVersion.objects.filter(pk__in={edit.version_id for edit in by_key.values()})
        new = [edit.pk for edit in by_key.values() if edit.action == SuggestedAction.ADD]
        titles = SuggestedChange.objects.filter(suggestion__in=new, field=SuggestedField.TITLE)
        return cls(
            by_key,
            step_titles(dict(digests.order_by().values_list("pk", "sha256"))),
            {
                pk: landed or proposed
                for pk, landed, proposed in titles.values_list("suggestion", "landed_text", "proposed_text")
            },
        )

    def step(self, edit: Suggestion) -> str:
        if edit.action == SuggestedAction.ADD:
            return gettext("new step “%(title)s”") % {"title": self.added.get(edit.pk, "")}
        number, title = self.steps[edit.version_id].get(edit.step_id, ("?", edit.step_id))
        return gettext("step %(number)s “%(title)s”") % {"number": number, "title": title}

    def carried_with(self, edit: Suggestion) -> list[Suggestion]:
        """What was sent with it and went into force with it, itself among them."""
        return [
            other
            for other in self.by_key.values()
            if other.head_id == edit.head_id and other.released_in_id == edit.released_in_id
        ]


def give_headlines(notices: Sequence[Notice]) -> None:
    """Set `headline` of each, in the language of now; in at most five queries."""
    edits = _Edits.of(notices)
    carriers = {edit.released_in_id for edit in edits.by_key.values() if edit.released_in_id is not None}
    versions = ProcedureVersion.objects.only("number", "major", "minor").in_bulk(carriers)
    for notice in notices:
        notice.headline = _headline(notice, edits, versions)


def _headline(notice: Notice, edits: _Edits, versions: Mapping[int, ProcedureVersion]) -> str:
    said = str(notice.get_kind_display())
    edit = edits.by_key.get(notice.suggestion_id or 0)
    if edit is None:
        return said
    if notice.kind == NoticeKind.EFFECTIVE:
        version = versions.get(edit.released_in_id or 0)
        if version is not None:
            said = gettext("Your edit is in force in %(number)s %(label)s") % {
                "number": version.number, "label": version.label,
            }  # fmt: skip
        return f"{said} · {', '.join(map(edits.step, edits.carried_with(edit)))}"
    if notice.kind == NoticeKind.PASSED_ON and edit.assigned_to is not None:
        said = gettext("Your proposed edit was handed on to %(name)s") % {
            "name": edit.assigned_to.display_name
        }
    if notice.kind in _OF_ONE_EDIT:
        outcomes = _OUTCOMES.get(NoticeKind(notice.kind), {})
        return f"{outcomes.get(SuggestionStatus(edit.status), said)} · {edits.step(edit)}"
    return said
