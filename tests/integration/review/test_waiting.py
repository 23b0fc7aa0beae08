"""What waits for a person: the counts of every page, in one query that is put together once."""

import re
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from procedures.models import ProcedureVersion
from review import landing, proposing, releasing, scheduling, threads, waiting
from review.eligibility import open_stages_for
from review.models import Notice, Suggestion
from review.proposing import StepEdit
from review.queries import news_of, suggestions_to_decide, threads_to_answer
from review.waiting import waiting_for
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def version() -> ProcedureVersion:
    return make.released(steps=[make.step("a", body="Wait.")])


def anew(user: Any) -> Any:
    """The person as the next request has them, with no rights kept."""
    return get_user_model().objects.get(pk=user.pk)


def test_each_count_is_that_of_its_own_question(version, django_assert_num_queries) -> None:
    owner, engineer = version.last_editor, make.field_engineer()
    threads.start_thread(version=version, step_id="a", kind="question", text="Which?", by=engineer)
    for text in ("Wait long.", "Wait longer."):
        proposing.propose(
            version=version, edits=[StepEdit("a", texts={"body": text})], reason="It is hot.", by=engineer
        )
    for user in (owner, engineer, make.documentation_staff()):
        user.get_all_permissions()
        with django_assert_num_queries(1):
            counts = waiting_for(user)
            parts = (
                counts.news,
                counts.to_decide,
                counts.to_answer,
                counts.to_approve,
                counts.sent_back,
                counts.to_read,
                counts.to_review,
            )
            assert counts.total == sum(parts)
        assert counts.news == news_of(user).count()
        assert counts.my_suggestions == Suggestion.objects.waiting().filter(author=user).count()
        assert counts.to_decide == suggestions_to_decide(user).count()
        assert counts.to_answer == threads_to_answer(user).count()
        assert counts.to_approve == open_stages_for(user).count()
    assert (waiting_for(owner).to_decide, waiting_for(owner).to_answer) == (2, 1)
    assert (waiting_for(engineer).my_suggestions, waiting_for(engineer).total) == (2, 0)


def test_what_was_sent_back_waits_for_its_submitter_until_it_is_submitted_again(version) -> None:
    owner, staff = version.last_editor, make.documentation_staff()
    draft = landing.working_copy(version.page)
    draft.steps[0].value["body"] = "Wait 50 minutes."
    draft.save_revision(user=owner)
    submit = {"page": version.page, "by": owner, "change_summary": "Longer", "significance": "minor"}
    releasing.submit_for_release(**submit)
    assert "sent back to me" not in make.signed_in(owner).get("/").content.decode()
    releasing.send_back(release=version.page.releases.in_review().get(), by=staff, reason="Too long.")
    assert (waiting_for(owner).sent_back, waiting_for(staff).sent_back) == (1, 0)
    assert re.search(
        r'#sent-back"><strong>1</strong><span>release sent back to me<',
        make.signed_in(owner).get("/").content.decode(),
    )
    Notice.objects.all().delete()
    assert waiting_for(owner).total == 1
    releasing.submit_for_release(**submit)
    assert waiting_for(owner).sent_back == 0


def test_a_safety_comment_is_counted_once_and_is_news_to_whom_it_does_not_wait_for(version) -> None:
    owner, staff = version.last_editor, make.documentation_staff()
    Notice.objects.all().delete()
    asked_at = timezone.now() - timedelta(days=1)
    mark = {"version": version, "step_id": "a", "by": make.field_engineer(), "at": asked_at}
    threads.start_thread(kind="safety", text="It is live.", **mark)
    list(scheduling.run(timezone.now()))
    for user in (owner, staff):
        counts = waiting_for(anew(user))
        assert (counts.to_answer, counts.news) == (1, 0)
        assert "It is live." in make.signed_in(user).get("/review/inbox/").content.decode()
    # Who owns a procedure and has no role to answer is still called.
    owner.groups.clear()
    counts = waiting_for(anew(owner))
    assert (counts.to_answer, counts.news) == (0, 2)


def test_who_gets_a_right_is_asked_at_once_and_who_loses_it_no_more(version) -> None:
    engineer = make.field_engineer()
    proposing.propose(
        version=version,
        edits=[StepEdit("a", texts={"body": "Wait long."})],
        reason="It is hot.",
        by=make.field_engineer(),
    )
    assert waiting_for(anew(engineer)).to_decide == 0
    roles = make.documentation_staff().groups.all()
    engineer.groups.add(*roles)
    assert waiting_for(anew(engineer)).to_decide == 1
    engineer.groups.remove(*roles)
    assert waiting_for(anew(engineer)).to_decide == 0


def test_the_statement_that_is_kept_depends_on_the_day_and_not_on_the_hour(version) -> None:
    """Else it would be asked with an hour that is long past."""
    owner, noon = version.last_editor, timezone.now().replace(hour=12, minute=0)

    def made(at: datetime) -> Any:
        # Only a clock that is set shows another hour.
        with mock.patch("django.utils.timezone.now", return_value=at):
            waiting._statement.cache_clear()
            return waiting._statement(waiting._Asker.of(owner), timezone.localdate())

    assert made(noon) == made(noon + timedelta(minutes=50))
    assert made(noon) != made(noon + timedelta(days=1))
    waiting._statement.cache_clear()
