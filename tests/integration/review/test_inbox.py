"""The inbox: what comes first, what is counted, and which step each row is about."""

from typing import Any
from unittest import mock

import pytest

from procedures.models import ProcedureVersion
from review import deciding, landing, proposing, releasing, threads
from review.models import Suggestion, Thread
from review.proposing import StepEdit
from review.views import inbox
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
    with mock.patch.object(inbox, "INBOX_LIMIT", 2):
        assert client.get(INBOX).context["my_suggestions"] == first


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
    with mock.patch.object(inbox, "INBOX_LIMIT", 1):
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
