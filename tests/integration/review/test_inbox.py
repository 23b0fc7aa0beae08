"""The inbox: what comes first, what is counted, and which step each row is about."""

from typing import Any
from unittest import mock

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from procedures.models import ProcedureVersion
from review import deciding, landing, proposing, releasing, threads
from review.models import Suggestion, Thread
from review.proposing import StepEdit
from review.views import inbox
from review.waiting import waiting_for
from tests import factories as make
from tests.factories import signed_in

pytestmark = pytest.mark.django_db
INBOX = "/review/inbox/"


def build() -> int:
    steps = [make.step("a", title="Switch off", body="Wait."), make.step("b", title="Test it", body="Press.")]
    made: int = make.released(owner=make.procedure_owner("the.owner"), steps=steps).pk
    return made


@pytest.fixture
def engineer() -> Any:
    return make.field_engineer("the.engineer")


def propose(version: ProcedureVersion, by: Any, text: str, step: str = "a", **kwargs: Any) -> Suggestion:
    return proposing.suggest(version=version, changes={(step, "body"): text}, reason=text, by=by, **kwargs)


def test_what_is_undecided_of_my_own_is_first_and_never_left_out(
    version: ProcedureVersion, engineer: Any
) -> None:
    owner = version.page.procedure_owner
    undecided = [propose(version, engineer, f"Wait {n} s.") for n in range(3)]
    asked = propose(version, engineer, "Wait long.")
    deciding.ask_back(suggestion=asked, by=owner, question="How long?")
    decided = [propose(version, engineer, f"Wait {n} min.") for n in range(3)]
    for suggestion in decided:
        deciding.refuse(suggestion=suggestion, by=owner, answer="No.")
    client = signed_in(engineer)
    first = [asked, *reversed(undecided)]
    assert client.get(INBOX).context["my_suggestions"] == [*first, *reversed(decided)]
    with listing(2):
        assert client.get(INBOX).context["my_suggestions"] == first


def listing(most: int) -> Any:
    """The inbox with so few rows in a list: to make fifty-one of each takes seconds, and the cut is the same."""
    return mock.patch.object(inbox, "INBOX_LIMIT", most)


def comment(version: ProcedureVersion, by: Any, text: str, kind: str = "question", step: str = "a") -> Thread:
    return threads.start_thread(version=version, step_id=step, kind=kind, text=text, by=by)


def test_what_is_about_safety_is_first_and_a_chip_leads_there(
    version: ProcedureVersion, engineer: Any
) -> None:
    client = signed_in(version.page.procedure_owner)
    propose(version, engineer, "Wait longer.")
    comment(version, engineer, "Which door?")
    page = client.get(INBOX).content.decode()
    assert "about safety" not in page
    assert page.index("Wait longer.") < page.index("Which door?")
    with listing(1):
        for text in ("It is live.", "It falls."):
            comment(version, engineer, text, "safety")
        page = client.get(INBOX).content.decode()
    assert page.index("It is live.") < page.index("Wait longer.")
    first_chip = page.split('class="chip"', 1)[1].split("</a>", 1)[0]
    assert first_chip.startswith(' href="#answer"')
    assert 'about safety <span class="count">2<' in first_chip


def test_a_proposal_about_safety_is_before_older_ones_and_before_comments_that_are_not(
    version: ProcedureVersion, engineer: Any
) -> None:
    propose(version, engineer, "Wait longer.")
    proposing.propose(
        version=version, edits=[StepEdit("b", texts={"body": "Do not press."})], reason="It sparks.",
        kind="safety", by=engineer,
    )  # fmt: skip
    comment(version, engineer, "Which door?")
    owner = version.page.procedure_owner
    draft = landing.working_copy(version.page)
    draft.steps[0].value["body"] = "Wait 50 minutes."
    draft.save_revision(user=owner)
    releasing.submit_for_release(page=version.page, by=owner, change_summary="x", significance="minor")
    page = signed_in(make.documentation_staff()).get(INBOX).content.decode()
    places = [page.index(text) for text in ("It sparks.", "Wait longer.", 'id="releases"', "Which door?")]
    assert places == sorted(places)
    assert '<a class="chip" href="#decide"><span class="badge badge--critical">' in page


def test_each_row_says_which_step_of_the_version_it_was_written_on(
    version: ProcedureVersion, engineer: Any
) -> None:
    owner = version.page.procedure_owner
    edits = [StepEdit(step, texts={"body": "Do it twice."}) for step in "ab"]
    edits.append(StepEdit("n", texts={"title": "Lock it", "body": "Lock."}, after="b", adds=True))
    proposing.propose(version=version, edits=edits, reason="Once is too short.", by=engineer)
    comment(version, engineer, "Which switch?", step="b")
    comment(version, engineer, "For which machine?", step="")
    draft = landing.working_copy(version.page)
    draft.steps[0].value["title"] = "Another title"
    draft.save_revision(user=owner)
    make.release(version.page, by=owner, approver=make.documentation_staff(), summary="Renamed")
    for client in (signed_in(owner), signed_in(engineer)):
        cards = client.get(INBOX).content.decode().split('<li class="card')
        (first,) = (card for card in cards if "Step 1 · " in card)
        (added,) = (card for card in cards if "New step · " in card)
        assert "Switch off" in first
        assert "Another title" not in first
        assert "Lock it" in added
        on_second = [card for card in cards if "Step 2 · " in card and "Test it" in card]
        assert len(on_second) == 2
        assert sum("Which switch?" in card for card in on_second) == 1
        (whole,) = (card for card in cards if "For which machine?" in card)
        assert "The whole procedure" in whole


def test_more_rows_take_no_more_queries(
    version: ProcedureVersion, engineer: Any, django_assert_max_num_queries: Any
) -> None:
    client = signed_in(version.page.procedure_owner)

    def add(title: str) -> None:
        edit = StepEdit(f"n{title}", texts={"title": title, "body": "Lock."}, after="b", adds=True)
        proposing.propose(version=version, edits=[edit], reason=title, by=engineer)
        propose(version, engineer, title)
        comment(version, engineer, title)

    add("One")
    client.get(INBOX)
    with CaptureQueriesContext(connection) as before:
        client.get(INBOX)
    for title in ("Two", "Three", "Four"):
        add(title)
    with django_assert_max_num_queries(len(before)):
        text = client.get(INBOX).content.decode()
    assert text.count("New step · ") == 4
    assert not any('"content"' in query["sql"] for query in before.captured_queries)


@pytest.mark.parametrize("limit", [2, 3])
def test_a_chip_says_how_many_there_are_and_not_how_many_are_listed(
    version: ProcedureVersion, engineer: Any, limit: int
) -> None:
    for n in range(3):
        propose(version, engineer, f"Wait {n} min.")
    with listing(limit):
        answer = signed_in(version.page.procedure_owner).get(INBOX)
    assert len(answer.context["to_decide"]) == limit
    assert 'Proposed edits to decide on <span class="count">3</span>' in answer.content.decode()


def test_what_waits_is_counted_once_for_a_page(version: ProcedureVersion, engineer: Any) -> None:
    propose(version, engineer, "Wait long.")
    owner = version.page.procedure_owner
    client = signed_in(owner)
    for address in (INBOX, "/", version.get_absolute_url()):
        with CaptureQueriesContext(connection) as queries:
            page = client.get(address).content.decode()
        assert (
            sum(query["sql"].startswith("SELECT (SELECT COUNT(*)") for query in queries.captured_queries) == 1
        )
        assert f'<span class="count">{waiting_for(owner).total}<span' in page  # in the navigation
