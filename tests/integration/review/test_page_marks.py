"""The marks below a procedure that stand on none of the steps shown: each is told of, with the step that it is on."""

from typing import Any

import pytest

from procedures.models import ProcedureVersion
from review import landing, proposing, threads
from review.models import Suggestion
from review.proposing import StepEdit
from tests import factories as make
from tests.factories import signed_in

pytestmark = pytest.mark.django_db


def build() -> int:
    steps = [make.step("a", title="Switch off", body="Wait."), make.step("b", title="Test it", body="Press.")]
    made: int = make.released(owner=make.procedure_owner(), steps=steps).pk
    return made


@pytest.fixture
def engineer() -> Any:
    return make.field_engineer()


def propose(version: ProcedureVersion, *edits: StepEdit, reason: str) -> Suggestion:
    return proposing.propose(version=version, edits=edits, reason=reason, by=make.field_engineer())


def new(step_id: str, title: str, after: str) -> StepEdit:
    return StepEdit(step_id, texts={"title": title, "body": "Do it."}, after=after, adds=True)


def without_b(version: ProcedureVersion) -> ProcedureVersion:
    owner = version.last_editor
    draft = landing.working_copy(version.page)
    del draft.steps[1]
    draft.save_revision(user=owner)
    return make.release(version.page, by=owner, approver=make.documentation_staff(), summary="Without b")


def seen(client: Any, version: ProcedureVersion) -> tuple[str, str]:
    """What the page says of its steps, and below them of the whole."""
    page = client.get(version.get_absolute_url()).content.decode()
    steps, below = page.split('class="page-marks"', 1)
    return steps, below.split("</section>", 1)[0]


def test_a_new_step_at_the_top_is_told_of_with_what_is_on_the_whole(
    version: ProcedureVersion, engineer: Any
) -> None:
    propose(version, new("n", "Put on gloves", ""), new("m", "Take a lamp", "n"), reason="It is dark.")
    _steps, below = seen(signed_in(engineer), version)
    assert below.count("It is dark.") == 2
    assert below.index("Put on gloves") < below.index("at the top") < below.index("Take a lamp")
    assert "None is open." not in below


def test_a_new_step_that_follows_another_new_one_is_told_of_where_both_are_to_come(
    version: ProcedureVersion, engineer: Any
) -> None:
    propose(version, new("n", "Put on gloves", "a"), new("m", "Take a lamp", "n"), reason="It is dark.")
    steps, below = seen(signed_in(engineer), version)
    assert steps.count("It is dark.") == 2
    assert "It is dark." not in below


def test_what_is_on_a_step_that_the_version_does_not_have_is_told_of_with_its_title(
    version: ProcedureVersion, engineer: Any, django_assert_max_num_queries: Any
) -> None:
    texts = StepEdit("b", texts={"body": "Press twice."})
    propose(version, texts, reason="Once is too short.")
    propose(version, new("n", "Press again", "b"), reason="It sticks.")
    for text in ("Which switch?", "Which hand?"):
        threads.start_thread(version=version, step_id="b", kind="question", text=text, by=engineer)
    later, client = without_b(version), signed_in(engineer)
    seen(client, later)
    with django_assert_max_num_queries(13):
        steps, below = seen(client, later)
    gone = below.split("On steps that this version does not have", 1)[1]
    for text in ("Once is too short.", "It sticks.", "Press again", "Which switch?", "Which hand?"):
        assert text in gone
        assert text not in steps
    assert gone.count("Step 2 · <span") == 3
    assert gone.count("Test it") == 3
