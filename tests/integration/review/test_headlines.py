"""What a notice says: the outcome, the step and the version, in the inbox and by mail, in its reader's language."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail as django_mail
from django.utils import timezone, translation

from kb.accounts.models import User
from kb.accounts.roles import FIELD_ENGINEER
from procedures.models import ProcedureVersion
from review import deciding, proposing, releasing, scheduling
from review.headlines import give_headlines
from review.mailing.tasks import enqueue_due
from review.models import Notice, Suggestion
from review.proposing import StepEdit
from tests import factories as make
from tests.factories import signed_in

pytestmark = pytest.mark.django_db


def build() -> int:
    steps = [make.step(one, title=f"Title {one}", body=f"Do {one}.") for one in "abcd"]
    made: int = make.released(owner=make.procedure_owner("olga"), steps=steps).pk
    return made


@pytest.fixture
def author() -> User:
    return make.make_user("fiona", FIELD_ENGINEER, email="fiona@example.org")


def owner_of(version: ProcedureVersion) -> Any:
    return version.page.procedure_owner


def headlines(person: User) -> list[str]:
    notices = list(Notice.objects.unread().filter(recipient=person).order_by("pk"))
    give_headlines(notices)
    return [notice.headline for notice in notices]


def propose(version: ProcedureVersion, author: User, *ids: str) -> list[Suggestion]:
    edits = [StepEdit(one, texts={"body": f"Do {one} twice."}) for one in ids]
    head = proposing.propose(version=version, edits=edits, reason="Because", by=author)
    return list(head.sent_together())


def test_each_decision_names_its_outcome_and_its_step(version: ProcedureVersion, author: User) -> None:
    first, second, third, fourth = propose(version, author, "a", "b", "c", "d")
    owner = owner_of(version)
    deciding.accept(suggestion=first, by=owner)
    deciding.accept(suggestion=second, by=owner, final={"body": "Do b thrice."})
    deciding.refuse(suggestion=third, by=owner, answer="No.")
    deciding.ask_back(suggestion=fourth, by=owner, question="Why?")
    said = [
        "Your proposed edit was accepted · step 1 “Title a”",
        "Your proposed edit was accepted with changes · step 2 “Title b”",
        "Your proposed edit was refused · step 3 “Title c”",
        "A question on your proposed edit · step 4 “Title d”",
    ]
    assert headlines(author) == said
    page = signed_in(author).get("/review/inbox/").content.decode()
    assert all(line in page for line in said)
    enqueue_due(timezone.now() + timedelta(hours=1))
    (message,) = [message for message in django_mail.outbox if message.to == ["fiona@example.org"]]
    assert all(line in message.body for line in said)
    assert version.number in message.body
    with translation.override("zh-hans"):
        assert not set(headlines(author)) & set(said)


def test_an_edit_that_another_one_settles_is_adopted_in_the_readers_words(
    version: ProcedureVersion, author: User
) -> None:
    other = make.field_engineer("otto")
    (mine,) = propose(version, author, "a")
    (same,) = propose(version, other, "a")
    with translation.override("zh-hans"):
        deciding.accept(suggestion=same, by=owner_of(version))
    mine.refresh_from_db()
    assert (mine.status, mine.answer) == ("adopted", "")
    assert headlines(author) == [
        "Your proposed edit was adopted: the text says it already · step 1 “Title a”"
    ]
    assert [notice.text for notice in Notice.objects.filter(recipient=author)] == [""]


def test_its_author_learns_that_it_was_handed_on(version: ProcedureVersion, author: User) -> None:
    (edit,) = propose(version, author, "a")
    oscar, dora = make.procedure_owner("oscar"), make.documentation_staff("dora")
    deciding.hand_on(suggestion=edit, to=oscar, by=owner_of(version), note="Yours, I think.")
    assert headlines(author) == ["Your proposed edit was handed on to oscar · step 1 “Title a”"]
    deciding.hand_on(suggestion=edit, to=dora, by=oscar)
    assert headlines(author) == ["Your proposed edit was handed on to dora · step 1 “Title a”"]
    assert "Yours, I think." in {notice.text for notice in Notice.objects.filter(recipient=author)}


@pytest.mark.parametrize("later", [False, True])
def test_its_author_learns_that_it_is_in_force(version: ProcedureVersion, author: User, later: bool) -> None:
    added = StepEdit("new", texts={"title": "Wipe it", "body": "Wipe."}, after="a", adds=True)
    edits = [StepEdit("a", texts={"body": "Do a twice."}), added]
    head = proposing.propose(version=version, edits=edits, reason="Because", by=author)
    owner, day = owner_of(version), timezone.now() + timedelta(days=1)
    deciding.accept_together([deciding.Acceptance(edit) for edit in head.sent_together()], by=owner)
    Notice.objects.all().delete()
    releasing.submit_for_release(
        page=version.page, by=owner, change_summary="x", significance="minor",
        effective_from=day if later else None,
    )  # fmt: skip
    make.approve(version.page, by=make.documentation_staff())
    if later:
        assert headlines(author) == []
        list(scheduling.run(day + timedelta(minutes=1)))
    said = f"Your edit is in force in {version.number} 1.1 · step 1 “Title a”, new step “Wipe it”"
    assert said in headlines(author)
    assert len([line for line in headlines(author) if "in force" in line]) == 1
    assert (
        Notice.objects.get(recipient=author, kind="effective").get_absolute_url() == head.get_absolute_url()
    )


def test_a_hundred_notices_cost_as_many_queries_as_one(
    version: ProcedureVersion, author: User, django_assert_max_num_queries: Any
) -> None:
    for edit in propose(version, author, "a", "b", "c"):
        deciding.refuse(suggestion=edit, by=owner_of(version), answer="No.")
    notices = list(Notice.objects.filter(recipient=author))
    with django_assert_max_num_queries(5):
        give_headlines(notices)
