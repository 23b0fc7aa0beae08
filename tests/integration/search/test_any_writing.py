"""Codes, numbers and Chinese are found in any writing by any other, and what was typed never stops an engine."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.analysis import code_term
from search.engine import Engine, SearchQuery
from search.highlight import Highlighter
from search.parsing import parse
from tests.integration.search.conftest import PUBLIC, document, ids

pytestmark = pytest.mark.django_db
_ANY = settings(max_examples=60)
_SEPARATORS = ["-", ".", "/", "_", " ", "", "\u2013", "\u2011", "\u00a0"]
_WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


def _is_code(segments: list[str]) -> bool:
    whole = "".join(segments)
    letters_together = max(map(len, "".join(c if c.isalpha() else " " for c in whole).split()), default=0)
    return (
        len(whole) > 3
        and letters_together <= 5
        and not whole.isalpha()
        # 12.345 is a decimal, and nothing else is.
        and ((len(whole) > 4 and len(segments) > 2) or not whole.isdigit())
    )


_segments = st.lists(
    st.text("ABCDEFGHKLMNOPRSTVXYZ", min_size=1, max_size=4) | st.text("0123456789", min_size=1, max_size=5),
    min_size=2,
    max_size=4,
).filter(_is_code)


@st.composite
def _two_writings(draw: st.DrawFn) -> tuple[str, str]:
    segments = draw(_segments)
    written, typed = (draw(st.sampled_from(_SEPARATORS)).join(segments) for _ in range(2))
    return (
        written.translate(_WIDE) if draw(st.booleans()) else written,
        typed.lower() if draw(st.booleans()) else typed,
    )


@given(
    _two_writings(),
    st.sampled_from(["{}", "报{}后停机", "the alarm {} was seen", "见({})。", "型号{}型", "UPS的 {} 报警"]),
)
@_ANY
def test_a_code_is_found_by_any_other_writing_of_it(
    engine: Engine, writings: tuple[str, str], frame: str
) -> None:
    written, typed = writings
    engine.index(
        [
            document("here", "A guide", frame.format(written)),
            document("exact", "Another guide", "Nothing of it here.", codes=[written]),
            document("other", "Alarms 报警", "alarm 报警 " * 9),
        ]
    )
    assert {"here", "exact"} <= set(ids(engine, typed)), (typed, written)
    assert ids(engine, f"why is there {typed} 报警")[0] == "exact", "the exact code comes first"
    assert code_term(written) in parse(f"alarm {typed}").codes
    assert "<mark>" in Highlighter(parse(typed)).title(frame.format(written))


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("洩漏", "泄漏检查"),
        ("軸承", "更换轴承"),
        ("泄漏", "檢查洩漏"),
        ("轴承", "更換軸承"),
        ("0.5 mbar", "压力0.5mbar以下"),
        ("0.5mbar", "below 0.5 mbar"),
        ("0,5 mbar", "below 0.5 mbar"),
        ("0.5mbar", "unter 0,5 mbar"),
        ("0,5mbar", "below 0.5 mbar"),
        ("1.8 Nm", "torque 1.8Nm"),
        (".5 mbar", "below 0,5 mbar"),
        ("3.0", "since v3.0.1"),
        ("60千瓦", "a 60 kW pump"),
        ("60 kW", "60千瓦的泵"),
        ("24 volts", "the 24 V DC supply"),
        ("24 V", "a supply of 24 volts"),
        ("Wait 10 Minutes", "wait 10min"),
        ("20 amperes", "a 20安 fuse"),
        ("24VDC", "the 24 V DC supply"),
        ("24V DC", "the 24VDC supply"),
        ("24VDC", "the 24V DC supply"),
        ("10⁻³", "10^-3 mbar"),
        ("10-3", "below 10⁻³ mbar"),
        ("5x10-3", "5 × 10⁻³ mbar"),
        ("45℃", "heated to 45 °C"),
        ("45 °C", "heated to 45℃"),
        ("45°C", "heated to 45ºC"),
        ("45C", "heated to 45 °C"),
        ("5 µm", "a gap of 5μm"),
        ("5μm", "a gap of 5 µm"),
        ("5 um", "a gap of 5 µm"),
        ("1000", "after 1,000 hours"),
        ("1,000", "after 1000 hours"),
        ("10000", "after 10 000 hours"),
        ("402263612345", "part 4022 636 12345"),
        ("4022 636 12345", "part 4022.636.12345"),
        ("m3", "5 m³"),
        ("E-1042", "E-\u200b1042"),
        ("calibration", "cali\u00adbration"),
        ("报E-1042后", "報E 1042後停機"),
        ("VL500S", "適用於VL500S型"),
        ("36公斤", "a module of 36 kg"),
        ("36 kg", "模块重36公斤"),
        ("150 µF", "150微法的电容"),
        ("over current", "an overcurrent trip"),
        ("pre charge fails", "the precharge fails"),
        ("风扇过热", "检查⻛扇过热报警"),
        ("⻋⻔", "打开车门"),
        ("长度 5 米", "⾧度或⻓度 5 米"),
    ],
)
def test_is_found_and_marked(engine: Engine, typed: str, written: str) -> None:
    engine.index([document("written", "A guide", written)])
    results = engine.search(SearchQuery(text=typed, scopes=PUBLIC))
    found = {hit.document.object_id: hit for hit in results.hits}
    assert "written" in found
    assert "<mark>" in found["written"].snippet_html
    assert results.whole, "not only by a part of it"


@pytest.mark.parametrize("typed", ["8 Nm", "18 Nm", "8Nm", "1.80 Nm"])
def test_no_other_number_is_found_in_a_decimal(engine: Engine, typed: str) -> None:
    engine.index([document("written", "Torque", "tighten to 1.8 Nm")])
    assert "written" not in ids(engine, typed)


def test_traditional_characters_are_marked_as_they_are_written(engine: Engine) -> None:
    engine.index([document("trad", "洩漏測試", "檢查軸承。")])
    (hit,) = engine.search(SearchQuery(text="泄漏测试", scopes=PUBLIC)).hits
    assert hit.title_html == "<mark>洩漏測試</mark>"


@pytest.mark.parametrize("typed", ["E-1042/E-9999", "E-9999/E-1042 alarm", "E-9999, E 1042"])
def test_each_of_several_codes_is_exact(engine: Engine, typed: str) -> None:
    assert ids(engine, typed)[0] == "code"


_HOSTILE = [*'aE1- "*():^+~\\\0\x07\u202eא٣漏率軸🔧\ud800\udfff\u200b\u0301/_.,', "leak ", "OR ", "NEAR("]
_any_text = st.text(max_size=300) | st.lists(st.sampled_from(_HOSTILE), max_size=120).map("".join)


@given(_any_text, st.integers(1, 40))
@_ANY
def test_any_text_is_answered(engine: Engine, text: str, times: int) -> None:
    query = SearchQuery(text=(text * times)[:10_000], scopes=PUBLIC)
    for hit in (*engine.search(query).hits, *engine.similar(query), *engine.suggest(query.text, PUBLIC)):
        assert hit.title_html
    marked = Highlighter(parse(text)).passage(text * times).snippet
    assert not set("<>") & set(marked.replace("<mark>", "").replace("</mark>", ""))
