"""The inbox: what comes first, what is counted, and which step each row is about."""

from typing import Any
from unittest import mock

import pytest

from procedures.models import ProcedureVersion
from review import deciding, proposing
from review.models import Suggestion
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
