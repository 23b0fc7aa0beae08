"""The queue of open marks: who sees what, in which order, at which cost; the same in the editing desk."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from kb.accounts.models import User
from kb.accounts.roles import ADMINISTRATOR
from procedures.models import ProcedureVersion
from review import deciding, proposing, threads
from review.models import Suggestion, Thread
from review.proposing import StepEdit
from tests import factories as make
from tests.factories import signed_in

pytestmark = pytest.mark.django_db
QUEUE = "/review/queue/"
PLACES = (QUEUE, "/admin/marks/")


def build() -> dict[str, int]:
    """Two procedures of two owners in two product lines; five marks on the first, one on the second."""
    olga, oscar = make.procedure_owner("olga"), make.procedure_owner("oscar")
    make.documentation_staff("dora")
    field, other = make.field_engineer("fred"), make.field_engineer("fay")
    steps = [make.step(name, title=f"Title {name}", body=f"Do {name}.") for name in "abc"]
    lines = make.product_line("LNA"), make.product_line("LNB")
    first = make.released(owner=olga, number="SOP-A", steps=steps, product_line=lines[0])
    second = make.released(owner=oscar, number="SOP-B", steps=steps, product_line=lines[1])
    now = timezone.now()

    def propose(version: Any, days: int, reason: str, *ids: str, kind: str = "error") -> Suggestion:
        edits = [StepEdit(step_id=one, texts={"body": f"Do {one} for {reason}."}) for one in ids]
        return proposing.propose(
            version=version, edits=edits, reason=reason, kind=kind, by=field, at=now - timedelta(days=days)
        )

    voted = propose(first, 3, "Voted", "a", "b")
    proposing.vote(suggestion=voted, by=other, ticket_reference="")
    asked = propose(first, 5, "Asked", "c", kind="ambiguity")
    deciding.ask_back(suggestion=asked, by=olga, question="Which door?")
    propose(second, 9, "Oldest", "a")

    def comment(version: Any, days: int, text: str, kind: str) -> Thread:
        return threads.start_thread(
            version=version, step_id="b", kind=kind, text=text, by=field, at=now - timedelta(days=days)
        )

    comment(first, 1, "Burning", "safety")
    answered = comment(first, 7, "Answered already", "question")
    threads.reply(thread=answered, text="The left one.", by=olga)
    done = comment(first, 8, "Resolved already", "question")
    threads.resolve_thread(thread=done, by=olga)
    return {"first": first.pk, "second": second.pk}


@pytest.fixture
def first(built: dict[str, int], db: None) -> ProcedureVersion:
    return ProcedureVersion.objects.get(pk=built["first"])


def shown(name: str, query: str = "", place: str = QUEUE) -> list[str]:
    """The words of each row, as they stand."""
    answer = signed_in(User.objects.get(username=name)).get(place + query)
    assert answer.status_code == 200
    return re.findall(r'<p class="hit-words">([^<]*)</p>', answer.content.decode())


@pytest.mark.parametrize("place", PLACES)
def test_an_owner_sees_their_own_and_documentation_staff_all(first, place: str) -> None:
    assert set(shown("olga", place=place)) == {"Burning", "Answered already", "Asked", "Voted"}
    assert shown("oscar", place=place) == ["Oldest"]
    assert shown("dora", place=place) == ["Burning", "Oldest", "Answered already", "Asked", "Voted"]
    assert shown("dora", "?of=mine", place) == []


def test_what_was_handed_on_is_in_the_queue_of_whoever_has_it_now(first) -> None:
    asked = Suggestion.objects.get(reason="Asked")
    deciding.hand_on(suggestion=asked, by=first.page.procedure_owner, to=User.objects.get(username="oscar"))
    assert shown("oscar") == ["Oldest", "Asked"]
    deciding.hand_on(
        suggestion=Suggestion.objects.get(reason="Oldest"),
        by=User.objects.get(username="oscar"),
        to=User.objects.get(username="dora"),
    )
    assert shown("dora", "?of=mine") == ["Oldest"]


@pytest.mark.parametrize("place", PLACES)
def test_nobody_else_has_a_queue(first, place: str) -> None:
    customer, field = make.make_user(), User.objects.get(username="fred")
    answer = signed_in(customer).get(place)
    assert answer.status_code == (404 if place == QUEUE else 302)
    answer = signed_in(field).get(place)
    assert answer.status_code == (403 if place == QUEUE else 302)
    assert "Burning" not in answer.content.decode()
    assert "/review/queue/" not in signed_in(field).get("/review/inbox/").content.decode()
    assert signed_in(make.make_user("", ADMINISTRATOR)).get(place).status_code in (200, 403)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("?sort=oldest", ["Oldest", "Answered already", "Asked", "Voted", "Burning"]),
        ("?sort=newest", ["Burning", "Voted", "Asked", "Answered already", "Oldest"]),
        ("?sort=votes", ["Voted", "Burning", "Oldest", "Answered already", "Asked"]),
        ("?sort=procedure", ["Burning", "Answered already", "Asked", "Voted", "Oldest"]),
        ("?kind=safety", ["Burning"]),
        ("?kind=ambiguity", ["Asked"]),
        ("?what=comments", ["Burning", "Answered already"]),
        ("?what=edits&line=LNA", ["Asked", "Voted"]),
        ("?line=LNB", ["Oldest"]),
        ("?line=none", []),
        ("?turn=author", ["Answered already", "Asked"]),
        ("?turn=ours", ["Burning", "Oldest", "Voted"]),
        ("?q=sop-b", ["Oldest"]),
        ("?q=burn", ["Burning"]),
        ("?q=vOted", ["Voted"]),
        ("?q=Resolved", []),
    ],
)
def test_order_and_filters(first, query: str, words: list[str]) -> None:
    assert shown("dora", query) == words


def test_the_load_of_each_owner_leads_to_what_it_counts(first) -> None:
    page = signed_in(User.objects.get(username="dora")).get(QUEUE).content.decode()
    olga = first.page.procedure_owner_id
    found = re.search(
        rf'<a href="\?owner={olga}">olga</a></th><td>(\d+)</td><td>(\d+)</td><td>(\d+)</td>', page
    )
    assert found
    assert found.groups() == ("4", "1", "7")
    assert '<a href="?line=LNA">Line LNA</a></th><td>4</td>' in page
    assert len(shown("dora", f"?owner={olga}")) == 4
    assert "By owner" not in signed_in(first.page.procedure_owner).get(QUEUE).content.decode()


def test_each_choice_says_how_many_it_would_show(first) -> None:
    page = signed_in(User.objects.get(username="dora")).get(f"{QUEUE}?line=LNA&kind=safety").content.decode()
    for label in ("Safety (1)", "Ambiguity (1)", "Error (1)", "Line LNA (1)", "Line LNB (0)", "Comments (1)"):
        assert label in page, label


def test_a_row_names_its_steps_and_leads_to_the_decision(first) -> None:
    voted, asked = (Suggestion.objects.filter(reason=reason).first() for reason in ("Voted", "Asked"))
    page = signed_in(first.page.procedure_owner).get(QUEUE).content.decode()
    assert "Title a" in page
    assert "Step 2" in page
    assert f'href="/review/edits/{voted.pk}/"' in page
    assert f'href="/review/edits/{asked.pk}/"' in page
    assert "1 met this too" in page
    assert page.count("Decide all of SOP-A (2)") == 1  # not beside every row
    assert 'href="/review/SOP-A/edits/"' in page


def test_a_decided_step_is_no_longer_shown_and_a_decided_proposal_neither(first) -> None:
    voted = Suggestion.objects.get(reason="Voted", step_id="a")
    owner = first.page.procedure_owner
    deciding.refuse(suggestion=voted, by=owner, answer="No.")  # the first of those sent together
    page = signed_in(owner).get(QUEUE).content.decode()
    assert "Voted" in page
    assert "Title a" not in page
    assert "1 met this too" in page
    deciding.refuse(suggestion=Suggestion.objects.get(reason="Voted", step_id="b"), by=owner, answer="No.")
    assert "Voted" not in shown("olga")


def test_the_owners_own_proposal_says_that_another_decides(first) -> None:
    proposing.suggest(
        version=first, changes={("a", "body"): "By me."}, reason="Mine", by=first.page.procedure_owner
    )
    page = signed_in(first.page.procedure_owner).get(QUEUE).content.decode()
    assert "somebody else decides" in page
    assert "Decide all of SOP-A (2)" in page


def test_a_filter_whose_last_mark_was_decided_says_so(first) -> None:
    page = signed_in(User.objects.get(username="dora")).get(f"{QUEUE}?line=LNC").content.decode()
    assert "Nothing of it is open; all is shown." in page
    assert "Burning" in page


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(
    "query",
    [
        "page=abc", "page=-1", "page=99999999999999999999", "sort=x", "owner=7", "kind=%27%20OR%201", "owner=abc",
        "owner=99999999999999999999999", "owner=-1", "line=%F0%9F%92%A5", "q=" + "x" * 500, "q=%25_%5C",
        "q=%FF", "of=all&of=mine", "what[]=1", "turn=%3Cscript%3E", "q=%3Cscript%3Ealert(1)%3C/script%3E",
    ],
)  # fmt: skip
def test_bad_parameters_are_left_out(first, place: str, query: str) -> None:
    answer = signed_in(User.objects.get(username="dora")).get(f"{place}?{query}")
    assert answer.status_code == 200
    assert "<script>alert" not in answer.content.decode()
    for name, status in (("q", 200), ("sort", 400), ("kind", 400)):  # as on the whole site
        asked = signed_in(User.objects.get(username="dora")).get(f"{place}?{name}=%00")
        assert asked.status_code == status


def test_pages_keep_the_filters_and_the_queries_do_not_grow(
    first, django_assert_max_num_queries: Any
) -> None:
    dora = signed_in(User.objects.get(username="dora"))
    dora.get(QUEUE)

    def count() -> int:
        with CaptureQueriesContext(connection) as queries:
            dora.get(QUEUE)
        return len(queries)

    few = count()
    now, fred = timezone.now(), User.objects.get(username="fred")
    Suggestion.objects.bulk_create(
        Suggestion(version=first, author=fred, submitted_at=now, reason=f"Row {n}", kind="error", step_id="a")
        for n in range(120)
    )
    assert count() == few
    assert few <= 15
    page = dora.get(f"{QUEUE}?kind=error&sort=votes").content.decode()
    assert "Page 1 of 3" in page
    assert "?kind=error&amp;sort=votes&amp;page=2" in page
    assert len(shown("dora", "?kind=error&page=3")) == 22
    with django_assert_max_num_queries(25):
        dora.get("/admin/marks/")


def test_the_editing_desk_has_it_in_its_menu(first) -> None:
    assert "/admin/marks/" in signed_in(first.page.procedure_owner).get("/admin/").content.decode()
