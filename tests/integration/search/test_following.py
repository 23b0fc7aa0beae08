"""What the index says of a machine, a model or a line follows them, whoever changes them."""

import pytest

from kb.accounts.models import User
from kb.tickets.actions import open_ticket
from kb.tickets.models import Ticket
from procedures.admin.csv_columns import FILES
from procedures.admin.csv_import import import_file
from procedures.models import Machine, MachineModel, ProductLine, SoftwareRelease
from search.models import SearchDocument
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket() -> Ticket:
    line = make.product_line("LM")
    engineer: User = make.field_engineer()
    machine = make.machine(
        make.machine_model(line, "LM-200"), make.releases(line, "1.0")[0], customer="Old Co"
    )
    return open_ticket(machine=machine, error_code=None, symptom="x", severity="minor", by=engineer)


def entry(source: str, pk: int) -> SearchDocument:
    return SearchDocument.objects.get(source=source, object_id=str(pk))


def test_a_renamed_customer_is_found_at_once(ticket: Ticket) -> None:
    machine = Machine.objects.get()
    machine.customer = "New Co"
    machine.save()
    assert "New Co" in entry("ticket", ticket.pk).text
    assert "New Co" in entry("machine", machine.pk).text


def test_a_customer_renamed_by_a_file_is_found_at_once(ticket: Ticket) -> None:
    machine = Machine.objects.get()
    data = f"serial,model,release,customer\n{machine.serial},LM-200,1.0,File Co\n"
    done = import_file(file=FILES["machine"], data=data.encode(), by=None)
    assert done.done, done.problems
    assert "File Co" in entry("ticket", ticket.pk).text
    assert "File Co" in entry("machine", machine.pk).text


def test_a_renamed_model_release_and_line_are_found_at_once(ticket: Ticket) -> None:
    model, release, line = (
        MachineModel.objects.get(),
        SoftwareRelease.objects.get(),
        ProductLine.objects.get(),
    )
    model.code, release.version, line.name = "LM-201", "1.0.1", "Other line"
    for record in (model, release, line):
        record.save()
    machine = entry("machine", Machine.objects.get().pk)
    assert machine.models == entry("ticket", ticket.pk).models == ["LM-201"]
    assert "1.0.1" in machine.text
    assert "Other line" in entry("model", model.pk).text


def test_what_nobody_speaks_of_costs_one_query(ticket: Ticket, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    monkeypatch.setattr("procedures.reindexing.reindex", lambda source, ids: told.append(source))
    machine = Machine.objects.get()
    machine.options = []
    machine.save()
    assert told == ["machine"]
