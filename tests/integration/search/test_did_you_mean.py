"""What was mistyped: put right where the asker finds something by it, said so, and never against their will."""

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from search import spelling
from search.engine import Engine, Results, SearchQuery
from search.indexing import rebuild
from search.models import Spelling
from search.queries import find
from search.registry import DocumentData
from search.term_groups import TermGroup
from tests.integration.search.conftest import Collection, document

pytestmark = pytest.mark.django_db


def add(engine: Engine, collection: Collection, data: DocumentData) -> None:
    collection.data[data.object_id] = data
    engine.index([data])


def found(text: str, *, staff: bool = False, **fields: Any) -> Results:
    user = get_user_model()(is_staff=True) if staff else AnonymousUser()
    return find(user, SearchQuery(text=text, scopes=frozenset(), **fields))


def test_the_beginning_of_a_word_finds_what_suggestions_completed(
    engine: Engine, collection: Collection
) -> None:
    for data in (document("here", "Inverter desaturation"), document("there", "Filter at the desk")):
        add(engine, collection, data)
    assert [hit.document.object_id for hit in found("desat").hits] == ["here"]
    assert not found("desatu zzzz").hits, "of a word alone"
    begun = found("desa")  # which is near "desk" as well
    assert ([hit.document.object_id for hit in begun.hits], begun.did_you_mean) == (["here"], "")
    assert found("filtr").did_you_mean == "filter", "a slip is put right instead"
    assert found("de sk").did_you_mean == "", "two words for one are answered"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("calibratoin", "calibration"),
        ("Calibartion", "Calibration"),
        ("calibration torqe", "calibration torque"),
        ("OPERATOINS", "OPERATIONS"),
        ("ｏｐｅｒａｔｏｉｎｓ", "operations"),
        ("opertaoins 轴承", "operations 轴承"),
        ("calbratoin", "calibration"),
        ("E-1024", "E-1042"),
        ("alarm e1024 again", "alarm e1042 again"),
        ("SOP_1010", "SOP_1001"),
        ("E-1O42", "E-1042"),
        ("E1O42", "E1042"),
        ("E-l042", "E-1042"),
        ("e-io42", "e-1042"),
        ("S0P-1001", "SOP-1001"),
        ("10.42", ""),
        ("calibration", ""),
        ("calibrating", ""),
        ("E-1043", ""),
        ("1024", ""),
        ("xyzzyx", ""),
        ("承轴", ""),
    ],
)
def test_what_was_meant(engine: Engine, typed: str, meant: str) -> None:
    assert found(typed).did_you_mean == meant


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("baterry", "battery"),
        ("batterry", "battery"),
        ("abttrey", "battery"),
        ("mantainance", "maintenance"),
        ("maintainence", "maintenance"),
        ("maintenacne", "maintenance"),
        ("amintenacne", "maintenance"),
        ("accomodate", "accommodate"),
        ("acommodate", "accommodate"),
        ("occurence", "occurrence"),
        ("preasure", "pressure"),
        ("lattery", "battery"),
        ("bttrs", ""),
        ("maritimes", ""),
    ],
)
def test_doubled_and_transposed_letters(
    engine: Engine, collection: Collection, typed: str, meant: str
) -> None:
    data = document("words", "Battery maintenance", "pressure accommodate occurrence")
    add(engine, collection, data)
    assert found(typed).did_you_mean == meant


@pytest.mark.parametrize(
    ("typed", "meant"), [("older", ""), ("goes", ""), ("ordar", "order"), ("fiter", "filter")]
)
def test_a_form_of_a_known_word_is_no_slip(
    engine: Engine, collection: Collection, typed: str, meant: str
) -> None:
    data = document("words", "Order the old filter", "fit it on, it does")
    add(engine, collection, data)
    assert found(typed).did_you_mean == meant


def test_the_most_frequent_word_comes_first(engine: Engine, collection: Collection) -> None:
    for data in (*(document(f"v{n}", "valve") for n in range(3)), document("h", "halve")):
        add(engine, collection, data)
    assert found("zalve").did_you_mean == "valve"


def test_where_nothing_is_found_it_is_answered_at_once_unless_asked_not_to(engine: Engine) -> None:
    results = found("calibratoin")
    assert results.is_corrected
    assert [hit.document.object_id for hit in results.hits] == ["calibrate"]
    exactly = found("calibratoin", exactly=True)
    assert (exactly.hits, exactly.did_you_mean, exactly.is_corrected) == ((), "calibration", False)
    some = found("calibratoin torque")
    assert (some.did_you_mean, some.is_corrected) == ("calibration torque", False)


def test_filters_that_leave_nothing_make_no_other_question_of_it(
    engine: Engine, collection: Collection
) -> None:
    data = document("upgrade", "Calibration", "Upgrade.", kind="upgrade")
    collection.data[data.object_id] = data
    engine.index([data])
    asked = "calibratoin torque"
    filtered = found(asked, kind="upgrade")
    assert (filtered.hits, filtered.did_you_mean) == ((), "calibration torque")
    assert not filtered.is_corrected
    assert filtered.facets["kind"]["calibrate"] == found(asked, kind="calibrate").total == 1
    # What finds nothing without the filter either is answered with it, too.
    assert found("calibratoin", kind="upgrade").is_corrected


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("ladder", "louder"),
        ("form", "from"),
        ("modem", "mode"),
        ("lift", "list"),
        ("valve", "value"),
        ("E-1024", "E-1042"),
        ("offlist", "off list"),
    ],
)
def test_what_may_as_well_be_meant_is_only_offered(
    engine: Engine, collection: Collection, client: Client, typed: str, meant: str
) -> None:
    for data in (document("words", "Louder mode off", "go from the list value"), document("rate", "Rate")):
        add(engine, collection, data)
    results = found(typed)
    assert not results.is_corrected
    assert (results.hits, results.did_you_mean) == ((), meant)
    text = client.get(reverse("search:results"), {"q": typed}).content.decode()
    assert "Nothing found." in text
    assert f'href="?q={meant.replace(" ", "+")}"' in text


def test_two_short_words_are_not_both_changed(engine: Engine, collection: Collection) -> None:
    data = document("words", "Lead", "date")
    collection.data[data.object_id] = data
    engine.index([data])
    assert found("leak rate").did_you_mean == ""


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("calibratoin", "calibration"),
        ("torqe", "torque"),
        ("laaser", "laser"),
        ("operetions", "operations"),
        ("calibratiom", "calibration"),
        ("E-1O42", "E-1042"),
        ("slowdisk", "slow disk"),
        ("Slowdisk calibratoin", "Slow disk calibration"),
    ],
)
def test_what_is_near_certain_is_answered_at_once(engine: Engine, typed: str, meant: str) -> None:
    results = found(typed)
    assert (results.did_you_mean, results.is_corrected) == (meant, True)


def test_a_letter_that_nobody_takes_for_another_is_asked_about(
    engine: Engine, collection: Collection
) -> None:
    add(engine, collection, document("words", "Interval", "replace"))
    results = found("internal")
    assert (results.did_you_mean, results.is_corrected, results.hits) == ("interval", False, ())
    assert [found(typed).is_corrected for typed in ("replase", "reprace", "replahe")] == [True, True, False]


def test_words_of_the_term_list_are_words(engine: Engine, collection: Collection) -> None:
    data = document("words", "Lead date", "just louder")
    collection.data[data.object_id] = data
    engine.index([data])
    assert found("dust").did_you_mean == "just"
    TermGroup.objects.create(english="leak rate\ndust filter", chinese="漏率", short="ladder")
    for typed in ("leak rate", "leek rate", "dust", "dust filters", "ladder", "Dust"):
        assert found(typed).did_you_mean == "", typed
    TermGroup.objects.update(is_active=False, stamp=1)
    assert found("dust").did_you_mean == "just"


def test_a_word_of_others_documents_is_not_given_away(engine: Engine, collection: Collection) -> None:
    assert found("secretz").did_you_mean == ""
    assert found("laser secretz").did_you_mean == "", "nor beside a word that finds something"
    assert found("secretz", staff=True).did_you_mean == "secrets"
    engine.index([document("number", "Hidden", scope="internal", codes=["X-77123"])])
    assert found("X-71723").did_you_mean == ""
    assert found("X-71723", staff=True).total == 0, "its source shows it to nobody"
    collection.hidden = {"calibrate"}
    assert found("torqe").did_you_mean == ""


def test_a_slip_in_others_documents_is_no_word_of_the_askers(engine: Engine, collection: Collection) -> None:
    for data in (
        document("public", "Filter", "Change the filter."),
        document("ticket", "Filtet leaks", "X-77123 X-1100", scope="internal"),
        document("part", "A part", codes=["X-71723"]),
    ):
        add(engine, collection, data)
    assert found("filtet").did_you_mean == "filter"
    assert found("filteq").did_you_mean == "filter", "as any other"
    assert found("X-77123").did_you_mean == "X-71723"
    assert found("X-1100").did_you_mean == ""
    assert found("filtet", staff=True).did_you_mean == "", "who finds it meant it"


def test_a_code_in_others_documents_is_not_offered_for_its_lookalike(
    engine: Engine, collection: Collection
) -> None:
    data = document("ticket", "Ticket", codes=["Q-7012"], scope="internal")
    collection.data[data.object_id] = data
    engine.index([data])
    assert found("Q-7O12").did_you_mean == ""
    assert found("Q-7O12", staff=True).did_you_mean == "Q-7012"


def test_words_that_are_gone_are_not_offered_and_a_rebuild_forgets_them(
    engine: Engine, collection: Collection
) -> None:
    engine.index([document("gone", "Zirconium")])
    assert "zirconium" in set(Spelling.objects.values_list("word", flat=True))
    engine.delete("guide", ["gone"])
    assert found("zircomium").did_you_mean == ""
    Spelling.objects.bulk_create([Spelling(form="laser", word="laser"), Spelling(form="aser", word="laser")])
    rebuild()
    words = list(Spelling.objects.filter(form="laser").values_list("word", flat=True))
    assert words == ["laser"], "once"
    assert not Spelling.objects.filter(word="zirconium").exists()
    assert found("calibratoin").did_you_mean == "calibration"


def test_known_words_are_not_written_again(engine: Engine) -> None:
    before = Spelling.objects.count()
    engine.index([document("again", "Laser calibration", "torque")])
    assert Spelling.objects.count() == before


def words_kept() -> set[str]:
    return set(Spelling.objects.values_list("word", flat=True))


def learnt_in_vain(text: str) -> None:
    with transaction.atomic():
        spelling.learn([text])
        transaction.set_rollback(True)


@pytest.mark.django_db(transaction=True)
def test_what_is_known_is_not_looked_up_again_and_never_wrongly_taken_for_known(
    collection: Collection, django_assert_num_queries: Any
) -> None:
    spelling.learn(["zirconium"])
    learnt_in_vain("tungsten")
    assert "tungsten" not in words_kept()
    spelling.learn(["tungsten zirconium"])
    assert {"tungsten", "zirconium"} <= words_kept()
    with transaction.atomic():
        learnt_in_vain("niobium")
        spelling.learn(["niobium"])
    assert "niobium" in words_kept()
    with django_assert_num_queries(1):
        spelling.learn(["tungsten zirconium niobium"])
    # Another process forgets them: this one notices.
    spelling.forget_others({"niobium"}, spelling.last_learnt())
    assert "tungsten" not in words_kept()
    spelling.learn(["tungsten"])
    assert "tungsten" in words_kept()


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_page_says_so_in_both_languages(engine: Engine, client: Client, language: str) -> None:
    page = client.get(reverse("search:results"), {"q": "calibratoin"}, headers={"accept-language": language})
    text = page.content.decode()
    assert 'href="?q=calibratoin&amp;exactly=1"' in text
    assert "/guide/calibrate/" in text
    text = client.get(
        reverse("search:results"), {"q": "calibratoin", "exactly": "1", "page": "2"}
    ).content.decode()
    assert "/guide/calibrate/" not in text
    assert 'href="?q=calibration"' in text
    assert (
        "<script"
        not in client.get(reverse("search:results"), {"q": "torqe <script>"})
        .content.decode()
        .split('id="results"')[1]
    )


@given(st.text("abc", max_size=7), st.text("abc", max_size=7))
def test_slips_are_counted_alike_both_ways(one: str, other: str) -> None:
    assert spelling.slips(one, other, 2) == spelling.slips(other, one, 2)
    assert (spelling.slips(one, other, 2) == 0) == (one == other)


@given(st.text("abcdefgh", min_size=4, max_size=10), st.data())
def test_one_slip_always_meets_in_what_is_left_out(word: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(word) - 1))
    letter = data.draw(st.sampled_from("abcxyz"))
    slipped = data.draw(
        st.sampled_from(
            [
                word[:at] + word[at + 1 :],
                word[:at] + letter + word[at:],
                word[:at] + letter + word[at + 1 :],
                word[:at] + word[at : at + 2][::-1] + word[at + 2 :],
            ]
        )
    )
    assert {word, *spelling.left_out(word)} & {slipped, *spelling.left_out(slipped)}


def test_programs_are_told_as_well(engine: Engine, client: Client) -> None:
    answer = client.get("/api/search/", {"q": "calibratoin"}).json()
    assert (answer["did_you_mean"], answer["is_corrected"]) == ("calibration", True)
    assert [hit["url"] for hit in answer["hits"]] == ["/guide/calibrate/"]
    exactly = client.get("/api/search/", {"q": "calibratoin", "exactly": "1"}).json()
    assert (exactly["hits"], exactly["is_corrected"]) == ([], False)
