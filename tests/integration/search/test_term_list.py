"""Words that mean the same: found and marked from the next question on, kept in the admin, harmless whatever is in it."""

import time
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from search.demo import load
from search.engine import Engine, SearchQuery
from search.evaluation import index_beside
from search.term_groups import MAX_GROUPS, TermGroup, term_list
from tests import factories
from tests.integration.search.conftest import PUBLIC, document, ids

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _texts(engine: Engine) -> None:
    engine.index(
        [
            document("en", "Leak rate test", "Measure the leak rate with helium."),
            document("zh", "漏率超标处理", "测量泄漏率，漏率不得超标。", language="zh-hans"),
            document("rate", "Sampling rate", "The rate of samples."),
            document("pump", "Vacuum pump", "A pump."),
        ]
    )


def group(english: str = "", chinese: str = "", short: str = "", **fields: object) -> TermGroup:
    made = TermGroup(
        english=english.replace("/", "\n"),
        chinese=chinese.replace("/", "\n"),
        short=short.replace("/", "\n"),
        **fields,
    )
    made.full_clean()
    made.save()
    return made


@pytest.fixture
def leak_rate() -> TermGroup:
    return group("leak rate/leakage rate", "漏率/泄漏率", "LKR")


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("漏率", "en"),
        ("泄漏率", "en"),
        ("洩漏率", "en"),
        ("leak rate", "zh"),
        ("LEAKAGE RATES", "zh"),
        ("lkr", "zh"),
    ],
)
def test_the_other_words_are_found_with_no_rebuild(engine: Engine, typed: str, found: str) -> None:
    assert found not in ids(engine, typed)
    leak_rate = group("leak rate/leakage rate", "漏率/泄漏率", "LKR")
    results = engine.search(SearchQuery(text=typed, scopes=PUBLIC))
    hit = next(hit for hit in results.hits if hit.document.object_id == found)
    assert "<mark>" in hit.title_html
    assert results.whole >= 2 or typed == "lkr"
    leak_rate.is_active = False
    leak_rate.save()
    assert found not in ids(engine, typed), "nor any longer"


def test_a_chinese_term_is_recognised_inside_a_run(engine: Engine, leak_rate: TermGroup) -> None:
    assert ids(engine, "漏率超标") == ["zh"] or ids(engine, "漏率超标")[:2] == ["zh", "en"]
    engine.index([document("how", "Leak rate: 超标", "")])
    assert "how" in ids(engine, "漏率超标")


def test_in_quotes_the_very_words_are_asked_for(engine: Engine, leak_rate: TermGroup) -> None:
    assert ids(engine, '"leak rate"') == ["en"]


def test_an_abbreviation_leads_one_way(engine: Engine) -> None:
    engine.index([document("lkr", "LKR of the chamber", "")])
    group("leak rate", "漏率", "LKR")
    assert set(ids(engine, "LKR")) == {"lkr", "en", "zh"}
    assert "lkr" not in ids(engine, "漏率")


def test_the_word_itself_is_worth_a_little_more_than_another(engine: Engine) -> None:
    group("roughing pump", "粗抽泵")
    engine.index(
        [document("own", "粗抽泵", "粗抽泵"), document("other", "Roughing pump", "A roughing pump.")]
    )
    assert ids(engine, "粗抽泵") == ["own", "other"]
    assert ids(engine, "roughing pump")[:2] == ["other", "own"]
    own, other = engine.search(SearchQuery(text="粗抽泵", scopes=PUBLIC)).hits
    assert other.score > own.score / 2


def test_synonyms_lead_one_step(engine: Engine) -> None:
    group("pump", "泵")
    group("turbine", "泵")
    group("turbine", "涡轮")
    assert "pump" not in ids(engine, "涡轮")
    assert "pump" in ids(engine, "泵")


def test_a_single_character_is_a_word_only_alone(engine: Engine) -> None:
    group("axis", "轴")
    engine.index([document("axes", "The axis", "")])
    assert "axes" in ids(engine, "轴")
    assert "axes" not in ids(engine, "轴承")


def test_a_pasted_ticket_finds_the_other_language(engine: Engine, leak_rate: TermGroup) -> None:
    found = engine.similar(SearchQuery(text="客户反映漏率很高，请处理。", scopes=PUBLIC))
    assert "en" in {hit.document.object_id for hit in found}


@pytest.mark.parametrize(
    ("english", "chinese", "short", "says"),
    [
        ("", "", "", "no abbreviation"),
        ("", "", "LR/LKR", "no abbreviation"),
        ("leak rate", "", "", "two terms"),
        ("leak rate/Leak Rates", "漏率", "", "the same to the search"),
        ("", "泄漏率/洩漏率", "", "the same to the search"),
        ("x/x", "漏率", "", "the same to the search"),
        ("the", "漏率", "", "every other question"),
        ("leak rate", "怎么", "", "every other question"),
        ("--", "漏率", "", "no letter"),
        ("漏率", "泄漏率", "", "belongs to the Chinese"),
        ("leak rate", "leak", "", "belongs to the English"),
        ("x" * 61, "漏率", "", "too long"),
        ("/".join(f"term {n}" for n in range(21)), "漏率", "", "at most"),
    ],
)
def test_what_would_do_nothing_or_harm_is_refused(english: str, chinese: str, short: str, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        group(english, chinese, short)


def test_two_terms_stand_together_once(leak_rate: TermGroup) -> None:
    with pytest.raises(ValidationError, match="already"):
        group("leak rate", "漏率/泄率")
    leak_rate.full_clean()


def test_the_database_refuses_a_group_without_terms() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        TermGroup.objects.create(short="LR")


def test_the_list_is_read_again_only_when_it_changed(leak_rate: TermGroup) -> None:
    term_list()
    with connection.execute_wrapper(_only_the_stamp):
        assert term_list().others
    other = group("pump", "泵")
    assert ("pump",) in term_list().others
    other.delete()
    assert ("pump",) not in term_list().others


def _only_the_stamp(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
    assert "COUNT(*)" in sql
    return execute(sql, params, many, context)


def _hostile(count: int = 1_000) -> None:
    """Groups past what the form takes: cycles, stop words, one word in all of them, and long terms."""
    TermGroup.objects.bulk_create(
        TermGroup(
            english=f"pump\nthe\nword{n}\nword{(n + 1) % count}\n" + "leak " * 50,
            chinese=f"漏率\n的\n{chr(0x4E00 + n)}泵",
            short="a\n---",
            stamp=n + 1,
        )
        for n in range(count)
    )


def test_a_hostile_list_slows_no_question(engine: Engine) -> None:
    _hostile()
    term_list()
    for text in (
        "pump",
        "the",
        "漏率" * 900,
        "leak " * 400,
        " ".join(f"word{n}" for n in range(300)),
        "泵" * 2000,
    ):
        started = time.process_time()
        engine.search(SearchQuery(text=text, scopes=PUBLIC))
        engine.similar(SearchQuery(text=text, scopes=PUBLIC))
        assert time.process_time() - started < 1
    assert "pump" in ids(engine, "pump")


@given(st.text(max_size=80), st.lists(st.text(max_size=12), max_size=6))
@settings(max_examples=40)
def test_any_list_and_any_question_are_answered(engine: Engine, text: str, terms: list[str]) -> None:
    clean = "\n".join(terms).replace("\0", "").encode(errors="ignore").decode()
    TermGroup.objects.all().delete()
    TermGroup(english=f"{clean}\npump", chinese="泵").save()
    TermGroup(
        english=f"{clean}\n{clean}", chinese=f"{text.encode(errors='ignore').decode()}\nx".replace("\0", "")
    ).save()
    for asked in (text, clean, "pump " + clean):
        engine.search(SearchQuery(text=asked, scopes=PUBLIC))


def test_the_measure_of_the_search_leaves_the_list_out(leak_rate: TermGroup, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        for with_terms in (False, True):
            with index_beside(with_terms=with_terms) as engine:
                engine.rebuild([document("en", "Leak rate test"), document("other", "Pump")])
                assert ids(engine, "漏率") == (["en"] if with_terms else [])


def test_staff_keep_the_list_in_the_admin(client: Client, engine: Engine) -> None:
    def url(view: str, *args: object) -> str:
        return reverse(f"wagtailsnippets_search_termgroup:{view}", args=args)

    for other in (factories.field_engineer(), factories.procedure_owner()):
        client.force_login(other)
        assert client.get(url("list")).status_code in (302, 403)
    client.force_login(factories.documentation_staff("ingrid"))
    typed = {"english": "leak rate\r\n  leakage   rate", "chinese": "漏率", "short": "", "is_active": "on"}
    assert client.post(url("add"), typed).status_code == 302
    made = TermGroup.objects.get()
    assert made.terms == ["leak rate", "leakage rate", "漏率"]
    assert "en" in ids(engine, "漏率")
    assert client.post(url("edit", made.pk), typed | {"chinese": "泄漏率"}).status_code == 302
    history = client.get(url("history", made.pk)).content.decode()
    assert "ingrid" in history
    assert "漏率 → 泄漏率" in history
    assert client.get(url("list"), {"q": '泄漏"'}).status_code == 200
    refused = client.post(url("add"), {"english": "the", "chinese": "漏率"}).content.decode()
    assert "every other question" in refused
    assert ">the</textarea>" in refused.replace("\n", ""), "what was typed stays"


def test_the_demo_brings_a_dozen_groups_once() -> None:
    assert load() >= 12
    assert load() == 0
    assert TermGroup.objects.count() < MAX_GROUPS
