"""Text to terms: words, Chinese, codes, and what no text may do."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search import units
from search.analysis import (
    MARK,
    MAX_TERM,
    analyse,
    code_term,
    fold,
    number_term,
    take_apart,
    unpadded_term,
)
from search.engines.schema import HEADED
from search.occurrences import Finder
from search.parsing import MAX_CLAUSES, asked, parse
from search.readings import loosened


def found(query: str, text: str) -> bool:
    """Whether an engine that does as it is told finds the text: all clauses, phrases in the stream."""
    terms = analyse(text)

    def holds(phrase: tuple[str, ...]) -> bool:
        if len(phrase) == 1:
            return phrase[0] in terms.stream or phrase[0] in terms.extra
        size = len(phrase)
        return any(tuple(terms.stream[i : i + size]) == phrase for i in range(len(terms.stream)))

    clauses = parse(query).clauses
    return bool(clauses) and all(any(map(holds, clause.alternatives)) for clause in clauses)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("calibration", "Calibrate the stage"),
        ("batteries", "replace the battery"),
        ("轴承", "更换主轴承后"),
        ("泵", "冷却水泵故障"),
        ("更换轴承", "请更换轴承"),
        ("E-1042", "报E-1042后停机"),
        ("报E-1042后", "报E1042后停机"),
        ("VL500S", "VL500S型设备"),
        ("VL500S型", "适用于VL500S型设备"),
        ("Ｅ－１０４２", "alarm E-1042"),
        ("1042", "alarm E-1042"),
        ("slow ops", "CephOSDSlowOps firing"),
        ("cephosdslowops", "CephOSDSlowOps firing"),
        ("ceph_osd_slow_ops", "CephOSDSlowOps firing"),
        ("CephOSDSlowOps", "cephosdslowops firing"),
        ("lm4240117", "part LM4-24-0117"),
        ("LM4-24-0117", "part LM4 24 0117"),
        ("4022.636.12345", "part 402263612345"),
        ("how to replace the bearing", "Bearing: replace."),
        ("the", "the"),
        ("engineer's", "an engineer"),
        ("℃", "45 °C"),
        ("轴" * 10_000, "轴" * 10),
    ],
)
def test_finds(query: str, text: str) -> None:
    assert found(query, text)


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("轴承", "轴心承压"),
        ("轴承", "承轴"),
        ("E-1042", "E-1043 and E-10422"),
        ("E-1042", "F-1042"),
        ("ups", "go up"),
        ('"replace bearing"', "bearing: replace"),
        ('"轴承座"', "轴承盖和承座"),
        ("21", "version 2.1"),
    ],
)
def test_does_not_find(query: str, text: str) -> None:
    assert not found(query, text)


_WRITINGS = {
    "E-1042": ["E-1042", "E1042", "e_1042", "E.1042", "E/1042", "E 1042", "e1042"],
    "SOP-1001": ["SOP-1001", "sop1001", "SOP 1001", "SOP_1001"],
    "LM4-24-0117": ["LM4-24-0117", "LM4 24 0117", "lm4240117", "LM4.24.0117", "LM4_24_0117"],
}


_QUANTITIES = [
    ["60 kW", "60kW", "60\u00a0kW", "60-kW", "60KW", "60 kw"],
    ["12 Nm", "12Nm", "12 N·m", "12N⋅m", "12 nm"],
    ["0.5 mbar", "0.5mbar", "0,5 mbar", "0.5 MBAR"],
    ["45 °C", "45℃", "45 ℃", "45°C", "45 ° C", "45ºC"],
    ["10 kΩ", "10kΩ", "10 kOhm"],
    ["5 l/min", "5l/min", "5 L/min"],
    ["24 V", "24V", "24 v"],
    ["5 µm", "5um", "5 μm"],
    ["2 m³/h", "2m3/h"],
]


@pytest.mark.parametrize(
    ("one", "other"), [(one, other) for forms in _QUANTITIES for one in forms for other in forms]
)
def test_a_number_and_its_unit_are_one_question_however_the_blank_stands(one: str, other: str) -> None:
    assert parse(one) == parse(other)
    assert parse(f"设为{one}后") == parse(f"设为{other}后")
    for text in (f"set {one} now", f"设为{one}后", f"{one}."):
        assert found(other, text)
    assert not found(one, "1060 kW 112 Nm 10.5 mbar 145 °C 110 kOhm 15 l/min 124 V 15 um 12 m3/h")


def test_a_unit_takes_nothing_from_a_code() -> None:
    for code in ("E 1042", "LM 400", "E 1042 A", "LM4 24 0117", "24 V DC"):
        joined = code.replace(" ", "").lower()
        assert joined in analyse(f"see {code} there").extra
        assert any((joined,) in clause.alternatives for clause in parse(f"see {code} there").clauses)
    assert "10" in {term for c in parse("up to 10 months").clauses for term in c.alternatives[0]}


_DECIMALS = [
    ("8 Nm", "1.8 Nm"),
    ("2 Nm", "1.2 Nm"),
    ("18 Nm", "1.8 Nm"),
    ("18Nm", "1.8Nm"),
    ("25 Nm", "2.5 Nm"),
    ("12 Nm", "1.2 Nm"),
    ("1.2 Nm", "12 Nm"),
    ("65 V", "3.65 V"),
    ("4 V", "11.4 V"),
    ("114 V", "11.4 V"),
    ("5 kΩ", "10.5 kΩ"),
    ("5 mbar", "0.5 mbar"),
    ("5 mbar", "0,5 mbar"),
    ("5 mbar", ".5 mbar"),
    ("torque to 18 Nm", "torque to 1.8 Nm"),
    ("8 Nm", "ca.1.8 Nm"),
    ("15 l/min", "1.5 l/min"),
    ("8", "1.8"),
    ("1", "1.6"),
    ("1 Hz/s", "1.6 Hz/s"),
    ("101325", "1013.25 hPa"),
    ("M16", "M1.6"),
    ("M1.6", "M16"),
    ("21", "v2.1"),
    ("2025 mm", "20-25 mm"),
    ("2025mm", "20-25mm"),
    ("1.8", "1-8"),
    ("810 Nm", "8-10Nm"),
]


@pytest.mark.parametrize(("query", "text"), _DECIMALS)
def test_a_decimal_is_a_number_of_its_own(query: str, text: str) -> None:
    for written in (text, f"设为{text}后", f"Set it to {text}."):
        assert not found(query, written)
        assert not [mark for mark in marks(query, written) if any(map(str.isdigit, mark))]
    assert parse(query) != parse(text)


def marks(query: str, text: str) -> list[str]:
    return [text[start:end] for start, end in Finder(asked(parse(query))).spans(text)]


@pytest.mark.parametrize(
    ("query", "text", "marked"),
    [
        ("1.8 Nm", "tighten to 1.8 Nm first", ["1.8 Nm"]),
        ("1.8Nm", "tighten to 1.8 Nm first", ["1.8 Nm"]),
        ("1.8 Nm", "拧紧至1.8Nm。", ["1.8Nm"]),
        ("0.5 mbar", "below .5 mbar", [".5 mbar"]),
        (".5 mbar", "below 0.5mbar", ["0.5mbar"]),
        ("0,5 mbar", "below 0.5 mbar", ["0.5 mbar"]),
        (".5 mbar", "unter 0,5 mbar", ["0,5 mbar"]),
        ("1.5 l/min", "at 1.5 l/min", ["1.5 l/min"]),
        ("1013.25 hPa", "at 1013.25 hPa", ["1013.25 hPa"]),
        ("1.8 Nm", "1.8-2.4 Nm, 1.8 Nm", ["1.8-2.4 Nm", "1.8 Nm"]),
        ("4200 rpm", "run at 4200–4800 rpm", ["4200–4800 rpm"]),
        ("4800rpm", "run at 4200–4800 rpm", ["4800 rpm"]),
        ("13.5V", "13.5–13.8 V", ["13.5–13.8 V"]),
        ("44Ω", "44-50 Ω", ["44-50 Ω"]),
        ("50 Ω", "44-50Ω", ["50Ω"]),
        ("44 Ω", "44—50.5 Ω", ["44—50.5 Ω"]),
        ("6.0 mF", "6.0～7.2 mF", ["6.0～7.2 mF"]),
        ("7.2mF", "6.0～7.2 mF", ["7.2 mF"]),
        ("20°C", "20～25 °C", ["20～25 °C"]),
        ("20 ℃", "20～25摄氏度", ["20～25摄氏度"]),
        ("25℃", "20 ~ 25℃", ["25℃"]),
        ("5 Nm", "5〜10 N·m", ["5〜10 N·m"]),
        ("0.1 m/s", "0.1~0.2 m/s", ["0.1~0.2 m/s"]),
        ("1000 V", "1,000-1,500 V", ["1,000-1,500 V"]),
        ("20 °C", "-20 – 60 °C", ["20 – 60 °C"]),
        ("v3.1", "release 3.1", ["3.1"]),
        ("V3.1", "release 3.1", ["3.1"]),
        ("v3.0.1", "release 3.0.1", ["3.0.1"]),
        ("1,2 Nm", "tighten to 1.2 Nm", ["1.2 Nm"]),
        ("12,25Nm", "tighten to 12.25 Nm", ["12.25 Nm"]),
        ("1,2牛米", "tighten to 1.2 Nm", ["1.2 Nm"]),
        ("24伏电源", "the 24 V 电源", ["24 V", "电源"]),
        ("24伏电源", "24V电源", ["24V电源"]),
        ("24伏电源", "24伏电源", ["24伏电源"]),
        ("24 V 电源", "24伏电源", ["24伏电源"]),
        ("2.4 Nm", "1.8-2.4 Nm", ["2.4 Nm"]),
        ("20-25 °C", "20-25°C", ["20-25°C"]),
        ("20-25mm", "20-25 mm", ["20-25 mm"]),
        ("20-25 °C", "20～25 °C", ["20～25 °C"]),
        ("20-25 °C", "20 – 25 °C", ["20 – 25 °C"]),
        ("20 – 25 °C", "20-25 °C", ["20-25 °C"]),
        ("3.0", "version 3.0", ["3.0"]),
        ("3.0", "version 3.0.1", ["3.0"]),
        ("3.0", "in v3.0 now", ["3.0"]),
        ("3.0", "TiDB-3.0", ["3.0"]),
        ("v3.0", "in v3.0.1", ["v3.0"]),
        ("v3.0", "in v3.0", ["v3.0"]),
        ("v3.0", "v 3.0", ["v 3.0"]),
        ("TiDB 3.0", "TiDB-3.0", ["TiDB-3.0"]),
        ("TiDB-3.0", "TiDB 3.0", ["TiDB 3.0"]),
        ("3.0.1", "version 3.0.1", ["3.0.1"]),
        ("M1.6", "a screw M1.6", ["M1.6"]),
        ("4022.636", "part 4022.636.12345", ["4022.636"]),
        ("402263612345", "part 4022.636.12345", ["4022.636.12345"]),
        ("636", "part 4022.636.12345", ["636"]),
        ("E-1042", "alarm E-1042.5", ["E-1042"]),
        ("E-1042-5", "alarm E-1042.5", ["E-1042.5"]),
        ("LM4240117", "LM4.24-0117", ["LM4.24-0117"]),
        ("192.168.0.1", "at 192.168.0.1", ["192.168.0.1"]),
        ("1,000 V", "1000 V", ["1000 V"]),
    ],
)
def test_a_decimal_a_version_a_part_number_are_found_and_marked(
    query: str, text: str, marked: list[str]
) -> None:
    assert found(query, text)
    assert marks(query, text) == marked


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("alarm1010", "alarm 1010"),
        ("error1015", "error 1015"),
        ("Alarm1010 again", "Alarm 1010 again"),
        ("报警1010", "报警 1010"),
        ("code1010, warning1011", "code 1010, warning 1011"),
    ],
)
def test_a_number_that_stands_at_the_word_for_a_fault_is_a_codes(typed: str, meant: str) -> None:
    one, other = parse(typed), parse(meant)
    assert one.clauses == other.clauses
    assert set(one.codes) == set(other.codes)


@pytest.mark.parametrize(
    ("text", "unlike"),
    [
        ("on 2026-11-23 V", "11v"),
        ("E-1042-1050 V", "1042v"),
        ("SOP-10 A", "sop"),
        ("4.2.1-5 V", "4_2v"),
        ("20-25 bolts", "20bolt"),
    ],
)
def test_what_is_no_range_has_no_lower_end(text: str, unlike: str) -> None:
    assert unlike not in analyse(text).extra


@pytest.mark.parametrize(
    ("chinese", "sign", "other"),
    [
        ("60千瓦", "60 kW", "160千瓦"),
        ("50千欧", "50 kΩ", "10.50千欧"),
        ("8牛米", "8 Nm", "1.8牛米"),
        ("1.8牛米", "1.8Nm", "18牛米"),
        ("45摄氏度", "45 °C", "45度"),
        ("24伏", "24 V", "4伏"),
        ("5 分钟", "5 min", "15分钟"),
    ],
)
def test_a_unit_may_have_its_chinese_name(chinese: str, sign: str, other: str) -> None:
    for text in (f"设为{chinese}后", f"设为{sign}后"):
        for query in (chinese, sign):
            assert found(query, text)
            assert marks(query, text)
    assert not found(chinese, other)
    assert not found(sign, other)


def test_what_follows_a_chinese_unit_is_asked_for() -> None:
    assert found("60千瓦电机", "一台60 kW的电机")
    assert not found("60千瓦电机", "一台60 kW的泵")
    assert not found("4安全阀", "4 A"), "one character more is another word"
    assert not found("第60章", "60 kW")


def test_units_are_their_own_stems() -> None:
    assert [unit for unit in units._UNITS if fold(unit) != unit] == []


@pytest.mark.parametrize(
    ("query", "text"),
    [
        ("Е-1042", "alarm E-1042"),  # a Cyrillic Е
        ("Ε-1042", "alarm E-1042"),  # a Greek one
        ("е1042", "alarm E 1042"),
        ("Е 1042", "alarm E-1042"),
        ("E-1042", "alarm Е-1042"),
        ("ЅОР-1001", "SOP-1001"),
        ("E-01042", "alarm E-1042"),
        ("E 01042", "alarm E 1042"),
        ("e001042", "alarm E1042"),
        ("E-1042", "alarm E-01042"),
        ("SOP-12", "SOP-0012"),
    ],
)
def test_lookalikes_and_leading_zeros_name_the_same_code(query: str, text: str) -> None:
    assert found(query, text)
    code = text.removeprefix("alarm ")
    assert {code_term(code), unpadded_term(code)} & set(parse(query).codes), "and its document comes first"


def test_words_of_another_alphabet_are_left_alone() -> None:
    assert analyse("насос Pumpe ночь αντλία").stream == ["насос", "pump", "ночь", "αντλία"]
    assert not found("E-1042", "E-10420")
    assert not found("E-10042", "E-1042")
    assert not found("LM4-24-0117", "LM4-24-117")


@pytest.mark.parametrize(
    ("query", "text"), [(q, t) for forms in _WRITINGS.values() for q in forms for t in forms]
)
def test_a_code_is_found_however_it_is_written(query: str, text: str) -> None:
    assert found(query, f"see {text} below")
    assert code_term(text) in parse(query).codes, "and its document comes first"


def test_a_code_is_taken_apart_and_joined() -> None:
    word = take_apart("CephOSDSlowOps")
    assert word.parts == ("ceph", "osd", "slow", "ops")
    assert word.whole == "cephosdslowops"


@given(st.text())
def test_terms_hold_nothing_an_engine_could_read_as_an_operator(text: str) -> None:
    terms = analyse(text)
    parsed = parse(text * 40)
    asked = [term for clause in parsed.clauses for phrase in clause.alternatives for term in phrase]
    for term in [*terms.stream, *terms.extra, *asked, *parsed.codes]:
        bare = term.removeprefix(MARK).replace(MARK, "")  # 1_8 is a decimal
        assert bare.isalnum() or not term.isascii()
        assert not set(bare) & set(string.punctuation + string.whitespace)
        assert len(term) <= MAX_TERM + len(MARK)


@given(st.text(alphabet=st.sampled_from("ABC abc 019-_./ 轴承后")))
def test_a_text_is_found_by_itself(text: str) -> None:
    if parse(text).clauses and len(parse(text).clauses) < MAX_CLAUSES:
        assert found(text, text)


def test_a_pasted_ticket_keeps_its_codes() -> None:
    words = " ".join(f"word{chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(300))
    parsed = parse(f"{words} E-1042")
    assert len(parsed.clauses) == MAX_CLAUSES
    assert any(("e1042",) in clause.alternatives for clause in parsed.clauses)
    assert parse("轴" * 10_000).clauses


def test_what_is_quoted_stays_asked_for() -> None:
    parsed = parse('"vacuum pump" E-1042 “轴承座”')
    assert [clause.alternatives[0] for clause in parsed.clauses if clause.quoted] == [
        ("vacuum", "pump"),
        ("轴", "承", "座"),
    ]
    loose = loosened(parsed.clauses)
    asked_for = {clause.alternatives[0] for clause in loose}
    assert asked_for == {("e1042",), ("vacuum",), ("pump",), ("轴承",), ("承座",)}


@given(st.text("_ab1 0.-E轴"))
def test_no_term_is_taken_for_one_of_a_heading(text: str) -> None:
    terms = analyse(text)
    codes = [code_term(text), unpadded_term(text), number_term(text)]
    assert not any(term.startswith(HEADED) for term in [*terms.stream, *terms.extra, *codes])
