"""What a question asks for where nothing has all of it, and what it names besides."""

import pytest

from search.analysis import number_term
from search.parsing import parse
from search.readings import apart, loosened


@pytest.mark.parametrize(
    ("query", "loose"),
    [
        ("2.4.1", {("2", "4", "1"), ("2_4",)}),
        ("E 1042", {("e1042",), ("1042",)}),
        ("E", {("e",)}),
        ("泵", {("泵",)}),
        ("“泵”", {("泵",)}),
        ("“泵 pump”", {("pump",)}),
        ('"насос падает"', {("насос",), ("падает",)}),
        ("10.0.0.1", {("10", "0", "0", "1"), ("10001",)}),
        ("open/closed", {("open",), ("close",)}),
        ("fan/pump/valve", {("fan",), ("pump",), ("valv",)}),
        ("pass/fail.", {("pass",), ("fail",)}),
        ("AC/DC", {("acdc",), ("ac", "dc")}),
        ("LM-UPS", {("lmup",), ("lm", "ups")}),
        ("circuit-breaker", {("circuitbreak",), ("circuit", "breaker"), ("circuit",), ("breaker",)}),
        ("fan-speed low", {("fanspe",), ("fan", "speed"), ("fan",), ("speed",), ("low",)}),
        ("2024-06-01", {("2024", "06", "01"), ("20240601",)}),
    ],
)
def test_what_any_document_may_have_of_it(query: str, loose: set[tuple[str, ...]]) -> None:
    clauses = loosened(parse(query).clauses)
    assert {phrase for clause in clauses for phrase in clause.alternatives} == loose


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("fan-noise", [("fan",), ("nois",)]),
        ("fan-of-the-pump", [("fan",), ("pump",)]),
        ("N/A", []),
        ("e-mail", []),
        ("E-1042", []),
        ("漏率/压力", []),
        ('"open/closed"', []),
    ],
)
def test_words_that_a_sign_joins(query: str, words: list[tuple[str, ...]]) -> None:
    clauses = parse(query).clauses
    several = apart(clauses)
    assert [clause.alternatives[0] for clause in several if several != clauses] == words


@pytest.mark.parametrize("query", ["error 1042 meter reading", "alarm 1042 watt", "fault 1042 amperes"])
def test_a_codes_number_is_no_quantity(query: str) -> None:
    assert number_term("E-1042") in parse(query).codes


@pytest.mark.parametrize("query", ["24 volts", "24-volt", "24volts", "24 V"])
def test_a_quantity_whose_unit_is_written_out(query: str) -> None:
    clauses = parse(query).clauses
    assert all(("24v",) in clause.alternatives for clause in clauses)
