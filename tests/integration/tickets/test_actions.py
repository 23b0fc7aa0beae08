"""Opening, editing, resolving and recording what was used."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from kb.tickets import actions, queries, rules
from kb.tickets.models import ProcedureUse, Ticket, TicketStatus
from search.models import SearchDocument
from tests import factories
from tests.integration.tickets.conftest import Scene


def edit(scene: Scene, **changes: object) -> Ticket:
    values: dict[str, Any] = {
        "machine": scene.machine,
        "error_code": scene.code,
        "symptom": scene.ticket.symptom,
        "severity": "medium",
        "status": scene.ticket.status,
        "edition": queries.edition(scene.ticket),
        "by": scene.engineer,
    }
    return actions.edit_ticket(ticket=scene.ticket, **values | changes)


def test_a_new_ticket_is_numbered_and_its_history_names_the_person(scene: Scene) -> None:
    assert scene.ticket.number == f"T-{scene.ticket.pk:05d}"
    assert [row.history_user for row in scene.ticket.history.all()] == [scene.engineer]
    document = SearchDocument.objects.get(source="ticket", object_id=str(scene.ticket.pk))
    assert (document.scope, document.number) == ("ticket", scene.ticket.number)


def test_a_code_of_another_product_line_is_refused(scene: Scene) -> None:
    with pytest.raises(ValidationError, match="X-1 is not a code of LM"):
        edit(scene, error_code=scene.foreign_code)


def test_somebody_without_the_role_may_not_act(scene: Scene) -> None:
    customer = factories.make_user()
    with pytest.raises(PermissionDenied):
        actions.add_entry(ticket=scene.ticket, text="x", by=customer)
    with pytest.raises(PermissionDenied):
        edit(scene, by=customer)


@pytest.mark.parametrize("before", list(rules.TICKET_TRANSITIONS))
def test_only_the_transitions_of_the_table_are_possible(before: str) -> None:
    for after in TicketStatus.values:
        if after == before or after in rules.TICKET_TRANSITIONS[before]:
            rules.check_transition(before=before, after=after)
        else:
            with pytest.raises(ValidationError):
                rules.check_transition(before=before, after=after)


def test_resolving_records_who_and_when_and_reopening_clears_it(scene: Scene) -> None:
    resolved = edit(scene, status="resolved")
    assert resolved.resolved_by == scene.engineer
    assert resolved.resolved_at is not None
    scene.ticket = resolved
    reopened = edit(scene, status="open")
    assert (reopened.resolved_by, reopened.resolved_at) == (None, None)


def test_a_stale_edit_is_refused_and_says_what_changed(scene: Scene) -> None:
    opened_on = queries.edition(scene.ticket)
    edit(scene, severity="high")
    with pytest.raises(rules.Overtaken) as refused:
        edit(scene, symptom="mine", edition=opened_on)
    change = refused.value.changes[0]
    assert change.by == scene.engineer
    assert [(field.name, field.before, field.after) for field in change.changes] == [
        ("severity", "Medium", "High")
    ]
    assert edit(scene, symptom="mine", edition=refused.value.edition).symptom == "mine"


def test_saving_without_a_change_leaves_no_history(scene: Scene) -> None:
    edit(scene)
    assert scene.ticket.history.count() == 1


def test_recording_a_version_again_corrects_the_outcome_and_keeps_what_was_said(scene: Scene) -> None:
    for outcome in ("not_known", "solved"):
        actions.record_use(
            ticket=scene.ticket, version=scene.old, outcome=outcome, note="", by=scene.engineer
        )
    use = ProcedureUse.objects.get()
    assert use.outcome == "solved"
    assert [row.outcome for row in use.history.all()] == ["solved", "not_known"]
    actions.record_use(ticket=scene.ticket, version=scene.old, outcome="solved", note="", by=scene.engineer)
    assert use.history.count() == 2  # nothing was corrected


def test_a_ticket_stays_on_the_version_that_was_used(scene: Scene) -> None:
    actions.record_use(ticket=scene.ticket, version=scene.old, outcome="wrong", note="", by=scene.engineer)
    new = scene.release_next()
    [row] = queries.use_rows(ProcedureUse.objects.select_related("version"), scene.engineer)
    assert row.use.version == scene.old
    assert row.use.version.status == "superseded"
    assert row.current == new


def test_what_a_procedure_reference_means(scene: Scene) -> None:
    new = scene.release_next()
    find = queries.find_version
    assert find(reference="sop-1001", user=scene.engineer) == new
    assert find(reference=" SOP-1001  v1.0 ", user=scene.engineer) == scene.old
    with pytest.raises(ValidationError, match=r"has no version 7\.0; there is 1\.1, 1\.0"):
        find(reference="SOP-1001 7.0", user=scene.engineer)
    with pytest.raises(ValidationError, match="no procedure SOP-1001"):
        find(reference="SOP-1001", user=factories.make_user())
    with pytest.raises(ValidationError, match="number and version"):
        find(reference="SOP-1001 and more", user=scene.engineer)


def test_guides_of_the_code_come_first_among_the_offered(scene: Scene) -> None:
    other = factories.released(
        owner=scene.owner,
        approver=scene.approver,
        number="AAA-1",
        applies_to=[{"model": scene.machine.model}],
    )
    assert scene.machine.model.product_line is not None
    elsewhere = factories.released(
        owner=scene.owner,
        approver=scene.approver,
        number="AAA-0",
        applies_to=[{"model": factories.machine_model(scene.foreign_code.product_line)}],
    )
    offered = queries.offered_versions(machine=scene.machine, error_code=scene.code, user=scene.engineer)
    assert offered == [scene.old, other, elsewhere]


@pytest.mark.parametrize("form", ["{number}", "{pk}", "#{pk}", "t-{pk}", " {number} "])
def test_a_reference_finds_its_ticket_for_those_who_may_see_it(scene: Scene, form: str) -> None:
    reference = form.format(number=scene.ticket.number, pk=scene.ticket.pk)
    assert queries.ticket_for_reference(reference, scene.engineer) == scene.ticket
    assert queries.ticket_for_reference(reference, factories.make_user()) is None


@pytest.mark.parametrize("reference", ["", "T-", "T-99999999", "SOP-1", "٣"])
def test_no_ticket_for_what_names_none(scene: Scene, reference: str) -> None:
    assert queries.ticket_for_reference(reference, scene.engineer) is None
