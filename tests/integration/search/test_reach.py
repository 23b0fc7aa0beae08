"""Where procedures and tickets apply, and at which step they open, as the search knows it."""

from itertools import pairwise
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser

from kb.tickets.actions import add_entry, open_ticket
from procedures import actions
from procedures.models import SoftwareRelease
from search.engine import SearchQuery
from search.models import SearchDocument
from search.queries import find
from tests import factories as make

pytestmark = pytest.mark.django_db


def stored(source: str, pk: object) -> SearchDocument:
    return SearchDocument.objects.get(source=source, object_id=str(pk))


def texts(document: SearchDocument) -> list[str]:
    """The passages, cut out by their offsets."""
    starts = [start for start, _anchor in document.passages] + [len(document.text)]
    return [document.text[a:b].strip("\n") for a, b in pairwise(starts)]


def test_a_version_applies_to_the_releases_within_its_ranges() -> None:
    line = make.product_line("LM")
    _one, two, three = make.releases(line)
    models = [make.machine_model(line, code) for code in ("LM-1", "LM-2", "LM-3")]
    version = make.released(
        product_line=line,
        applies_to=[
            {"model": models[0], "release_before": two},
            {"model": models[1], "release_from": three},
        ],
    )
    document = stored("procedure", version.page_id)
    assert (document.lines, document.models) == (["LM"], ["LM-1", "LM-2"])
    assert document.releases == ["LM 1.0", "LM 3.0"]
    SoftwareRelease.objects.create(product_line=line, version="4.0", position=4)
    assert stored("procedure", version.page_id).releases == ["LM 1.0", "LM 3.0", "LM 4.0"]


def test_a_version_for_a_whole_line_is_for_its_models_and_for_no_other_lines() -> None:
    line, other = make.product_line("LM"), make.product_line("VX")
    make.releases(line)
    make.machine_model(line, "LM-1")
    version = make.released(product_line=line, title="Vent the pump", audience="internal")
    elsewhere = make.machine_model(other, "VX-1")
    document = stored("procedure", version.page_id)
    assert (document.models, document.releases) == (["LM-1"], ["LM 1.0", "LM 2.0", "LM 3.0"])
    make.machine_model(line, "LM-2")
    assert stored("procedure", version.page_id).models == ["LM-1", "LM-2"]
    asked: dict[str, Any] = {"text": "vent the pump", "scopes": frozenset(), "source": "procedure"}
    person = make.field_engineer()
    assert find(person, SearchQuery(**asked, model="LM-2")).total == 1
    assert find(person, SearchQuery(**asked, model=elsewhere.code)).total == 0


def test_a_procedure_opens_at_the_step_that_has_it() -> None:
    version = make.released(
        audience="public",
        summary="How it is done.",
        steps=[
            make.step(
                "off", title="Switch **off**", body="- first\n- second\n\n| a | b |\n|---|---|\n| c | d |"
            ),
            make.step("bare", title="", body=""),
            make.step("leak", title="Leak test", body="Spray *helium* at the flange."),
        ],
    )
    document = stored("procedure", version.page_id)
    assert [anchor for _start, anchor in document.passages] == ["step-off", "step-bare", "step-leak"]
    assert texts(document)[2] == "Leak test\nSpray helium at the flange."
    # A title is no Markdown: the page shows its signs.
    assert texts(document)[0] == "Switch **off**\nfirst\nsecond\na\tb\nc\td"
    hit = find(AnonymousUser(), SearchQuery(text="helium flange", scopes=frozenset())).hits[0]
    assert hit.url.startswith(f"{document.url}#step-leak:~:text=")
    assert (hit.passage, hit.marks) == (3, ("helium", "flange"))


def test_the_steps_of_a_version_of_old_are_found_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its text was put together in another way; what is indexed goes by its frozen content."""
    monkeypatch.setattr(actions, "plain_text", lambda content: "as of old")
    version = make.released(
        audience="public", steps=[make.step("a", body="- a\n\n- b"), make.step("b", body="Vent it.")]
    )
    assert version.search_text == "as of old"
    assert texts(stored("procedure", version.page_id))[1] == "Switch off\nVent it."


def test_a_ticket_opens_at_the_entry_that_has_it() -> None:
    line = make.product_line()
    machine = make.machine(make.machine_model(line, "LM-1"), make.releases(line)[1], customer="Acme")
    person = make.field_engineer()
    ticket = open_ticket(machine=machine, error_code=None, symptom="It hums", severity="low", by=person)
    add_entry(ticket=ticket, by=person, text="Nothing yet.")
    entry = add_entry(ticket=ticket, by=person, text="The bearing is worn.")
    document = stored("ticket", ticket.pk)
    assert (document.status, document.models, document.releases) == ("open", ["LM-1"], [f"{line.code} 2.0"])
    hit = find(person, SearchQuery(text="bearing worn", scopes=frozenset())).hits[0]
    assert hit.url.startswith(f"/tickets/{ticket.number}/#entry-{entry.pk}")
    page = make.signed_in(person).get(document.url).content.decode()
    assert f'id="entry-{entry.pk}"' in page
