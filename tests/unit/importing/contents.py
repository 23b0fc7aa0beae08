"""Random canonical contents for the round trips."""

from typing import Any

from hypothesis import strategies as st

from procedures.content import clean_list, clean_text
from procedures.models import Audience, Importance, Kind

# Everything a text field may hold: no lone surrogates (not UTF-8), no NUL (the site refuses it).
CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
HOSTILE = st.sampled_from(
    ["---", "...", "## Title", "<!-- step: s0 -->", "<!-- step: other -->", "yes", "null", "1.0", "- a",
     "2024-01-01", "{a: b}", "[x]", "a: b", "# c", "'", '"', "|", ">", "%x", "@y", "`z`", "&a *a", "!t",
     "\t tab", " ", "", "\r\n", "\u2028", "\x85", "\x0c", "\x7f", "\ufeff", "😀", "前言\n\n---\n正文", "~",
     "0x1F", "1_000", "12:30:00", "\\n"]
)  # fmt: skip
TEXT = (
    st.lists(st.one_of(HOSTILE, st.text(CHARACTERS, max_size=20)), max_size=5).map("\n".join).map(clean_text)
)
LINE = st.one_of(HOSTILE, st.text(CHARACTERS, max_size=30)).map(clean_text)
TITLE = LINE.map(lambda text: text[:200] or "Title").map(clean_text).filter(bool)
LIST = st.lists(LINE, max_size=3).map(clean_list)


def steps() -> st.SearchStrategy[list[dict[str, Any]]]:
    step = st.fixed_dictionaries(
        {
            "title": TITLE,
            "body": TEXT,
            "expected": TEXT,
            "caution": TEXT,
            "images": st.just([]),
            "minutes": st.none() | st.integers(0, 10_000),
            "importance": st.sampled_from([str(value) for value in Importance.values]),
        }
    )
    ids = st.sampled_from(["s{}", "{} - x", "3f2c6a5e-0000-4000-8000-00000000000{}", "步{}", "-->{}"])
    return st.tuples(st.lists(step, min_size=1, max_size=4), ids).map(
        lambda drawn: [{**step, "id": drawn[1].format(number)} for number, step in enumerate(drawn[0])]
    )


def holds_a_release(row: dict[str, Any]) -> bool:
    """What no other range gets past; software releases are named in their order."""
    return not (row["from"] and row["before"]) or row["from"] < row["before"]


@st.composite
def contents(
    draw: st.DrawFn,
    *,
    models: tuple[str, ...] = ("LM-200", "LM-400"),
    versions: tuple[str, ...] = ("2.0", "2.10"),
    codes: tuple[tuple[str, str], ...] = (("LM", "E-1"), ("LM", "1e3"), ("XX", "E-1")),
) -> dict[str, Any]:
    """A canonical content that names only these models, releases and (product line, code)s."""
    row = st.fixed_dictionaries(
        {
            "model": st.sampled_from(models),
            "from": st.sampled_from(["", *versions]),
            "before": st.sampled_from(["", *versions]),
            "options": LIST.map(sorted),
        }
    ).filter(holds_a_release)
    chosen = draw(st.sets(st.sampled_from(codes)))
    return {
        "format": 1,
        "number": "SOP-1",
        "title": draw(TITLE),
        "kind": str(draw(st.sampled_from(Kind.values))),
        "language": draw(st.sampled_from(["en", "zh-hans"])),
        "audience": str(draw(st.sampled_from(Audience.values))),
        "product_line": "LM" if chosen else draw(st.sampled_from(["", "LM"])),
        "summary": draw(TEXT),
        "safety": draw(TEXT),
        "tools": draw(LIST),
        "parts": draw(LIST),
        "skills": draw(LIST),
        "applies_to": draw(st.lists(row, max_size=3)),
        "error_codes": [{"product_line": line, "code": code} for line, code in sorted(chosen)],
        "steps": draw(steps()),
    }
