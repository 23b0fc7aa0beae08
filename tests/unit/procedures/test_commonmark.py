"""Lists and fences come out as CommonMark means them, whatever they are indented by."""

import re

import pytest
from markdown_it import MarkdownIt

from procedures.commonmark import indent_lists
from procedures.rendering import render_markdown
from tests.conftest import CORPORA

ORACLE = MarkdownIt("commonmark", {"html": False}).enable("table")


def structure(html: str) -> dict[str, int]:
    return {
        tag: len(re.findall(rf"<{tag}[ >]", html)) for tag in ("ol", "ul", "li", "pre", "table", "blockquote")
    }


@pytest.mark.parametrize(
    "text",
    [
        "1. Run\n\n   ```bash\n   stop --now\n   ```\n\n2. Wait",
        "- a\n  - b\n    - c\n- d",
        "- a\n  - b\n- c\n  - d",
        "1. a\n   - b\n2. c",
        "10. ten\n    - x\n11. eleven",
        "Check:\n- the fuse\n- the fan",
        "1. one\n   more of one\n2. two\n   - inner\n\n     a paragraph\n3. three",
        "* a\n\n      code of a\n* b",
        "10. ten\n11. eleven\n\n    still eleven",
        "```compile_fail,E0416\nlet x;\n```",
        "~~~ yaml title=x\na: 1\n~~~",
        "- a\nlazy line of a\n- b",
        "1) first\n2) second",
        "> - quoted\n\ntext",
        "- \n- b",
        "```\n- not a list\n  - at all\n```",
    ],
)  # fmt: skip
def test_the_structure_is_commonmarks(text: str) -> None:
    ours, oracle = structure(render_markdown(text)), structure(ORACLE.render(text))
    assert ours == oracle
    # And nothing that is an item's marker is left as text.
    assert not re.search(
        r"(?m)^\s*(?:\d+\.|-) ", re.sub(r"<pre>.*?</pre>", "", render_markdown(text), flags=re.DOTALL)
    )


def test_no_text_is_lost() -> None:
    text = "Intro\n1. a `x`\n   - b **c**\n\n     d\n2. e"
    assert re.sub(r"\s+", "", "\n".join(indent_lists(text.split("\n")))) == re.sub(r"\s+", "", text)


@pytest.mark.corpora
def test_real_documents_have_the_structure_they_were_written_with() -> None:
    files = [
        file
        for name in ("openshift", "kubevirt", "rustc", "dm-zh")
        for file in (CORPORA / name).rglob("*.md")
    ]
    different = []
    for file in files:
        text = file.read_text(encoding="utf-8")
        ours, oracle = structure(render_markdown(text)), structure(ORACLE.render(text))
        if any(ours[tag] != oracle[tag] for tag in ("li", "pre")):
            different.append((file.name, ours, oracle))
    assert len(files) > 800
    assert len(different) <= len(files) * 0.03, different[:5]
