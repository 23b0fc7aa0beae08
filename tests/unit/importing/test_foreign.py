"""Other people's Markdown: where its title and steps are, and that none of its text is lost."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from procedures.importing.documents import MAX_TITLE, Defaults, Unreadable
from procedures.importing.foreign import outline
from procedures.importing.markdown_lines import first_sentence, plain, rewrite_links
from procedures.importing.readers import parse, stem


def titles(text: str, **options: str) -> list[str]:
    return [step["title"] for step in outline(text, stem="file", language="en", **options).steps]


def test_title_from_the_first_heading_and_steps_from_the_level_below() -> None:
    found = outline(
        "# NodeDown\n\n## Meaning\n\nA node is down.\n\n### Detail\n\nx\n\n## Mitigation ##\n\n1. Restart\n",
        stem="f",
        language="en",
    )
    assert found.title == "NodeDown"
    assert [step["title"] for step in found.steps] == ["Meaning", "Mitigation"]
    assert found.steps[0]["body"] == "A node is down.\n\n### Detail\n\nx"


def test_headings_in_code_comments_and_preformatted_html_are_not_headings() -> None:
    text = """# Title
```bash
# not a heading
## neither
```
<!-- a comment
## in a comment
-->
## Real

~~~~
~~~
## still code
~~~~
- item
  ```
  ## indented code
  ```
<pre>
## preformatted
</pre>

    ## an indented block

#no space
## Second
"""
    assert titles(text) == ["Introduction", "Real", "Second"]


def test_underlined_headings() -> None:
    assert outline("Title\n=====\n\nOne\n---\n\na\n\n- x\n---\n", stem="f", language="en").title == "Title"
    assert titles("Title\n=====\n\nOne\n---\n\na\n\nTwo\n---\nb") == ["One", "Two"]


def test_a_numbered_list_becomes_the_steps_where_there_are_no_headings() -> None:
    found = outline(
        "# T\n\nBefore.\n\n1. Stop the pump.\n"
        "2. Drain it. Wait for the lamp:\n   1. green\n   2. red\n\n   ```\n   run\n   ```\n"
        "3. Close\n\nAfter.",
        stem="f",
        language="en",
    )
    assert found.summary == "Before."
    assert [step["title"] for step in found.steps] == ["Stop the pump.", "Drain it.", "Close"]
    assert found.steps[0]["body"] == ""
    assert found.steps[1]["body"] == "Drain it. Wait for the lamp:\n1. green\n2. red\n\n```\nrun\n```"
    assert found.steps[2]["body"] == "Close\n\nAfter."


def test_a_text_without_headings_or_list_is_one_step() -> None:
    found = outline("# T\n\nJust text.\n\nMore.", stem="f", language="zh-hans")
    assert [(step["title"], step["body"]) for step in found.steps] == [("操作说明", "Just text.\n\nMore.")]


def test_text_before_the_first_step_is_the_summary_if_short_and_plain_else_a_step() -> None:
    assert (
        outline("# T\n\nWhen to use it.\n\n## A\n\nx", stem="f", language="en").summary == "When to use it."
    )
    found = outline("# 标题\n\n一。\n\n二。\n\n## 甲\n\nx", stem="f", language="zh-hans")
    assert (found.summary, found.steps[0]["title"], found.steps[0]["body"]) == ("", "简介", "一。\n\n二。")
    # A summary of its own is not overwritten, a comment alone is no introduction.
    assert titles("# T\n\nText.\n\n## A", summary="Own") == ["Introduction", "A"]
    assert titles("<!-- lint off -->\n# T\n\n## A\n\nx") == ["A"]


def test_a_heading_that_repeats_the_front_matter_title_is_dropped_and_another_is_kept() -> None:
    assert titles("# <%= current_page.data.title %>\n\n## A", title="T") == ["A"]
    assert titles("# T\n\n## A", title="T") == ["A"]
    found = outline("# Other words\n\n## A\n\nx", title="T", stem="f", language="en")
    assert found.steps[0]["body"] == "# Other words"
    # Sections on the title's own level are steps as well.
    assert titles("# T\n\n# One\n\n## Two\n\n# Three", title="T") == ["One", "Two", "Three"]


def test_titles_that_are_too_long_are_cut_reported_and_kept_in_the_text() -> None:
    long = "word " * 80
    found = outline(f"# {long}\n\n## {long}\n\nbody", stem="f", language="en")
    assert len(found.title) <= MAX_TITLE
    assert found.title.endswith("…")
    assert len(found.notes) == 2
    assert found.summary == long.strip()
    assert long.strip() in found.steps[0]["body"]


def test_where_the_title_comes_from() -> None:
    rustc = "#### Note: gone.\n\nA value is\nused twice. See below.\n\n```\ncode\n```"
    named = outline(rustc, stem="E0081", language="en", title_from="file-name")
    assert named.title == "E0081: A value is used twice."
    assert rustc in named.steps[0]["body"]
    assert outline("Some text. More.", stem="f", language="en", title_from="first-line").title == "Some text."
    assert outline("# Head\n\nx", stem="f", language="en", title_from="first-line").title == "Head"
    with pytest.raises(Unreadable, match="no title"):
        outline("- [a](a.md)\n- b", stem="TOC", language="en")


def test_plain_text_of_inline_markdown() -> None:
    assert (
        plain(r"**Stop** the `a*b*c` [now](x.md \"t\") <br/>my_var_name \*x\* {#anchor}")
        == "Stop the a*b*c now my_var_name *x*"
    )
    assert first_sentence("# H\n\nUse e.g. a fan. Then stop.") == "Use e.g. a fan."
    assert first_sentence("先断电。再检查。") == "先断电。"


def test_links_are_rewritten_outside_code_only() -> None:
    text = (
        '[a](a.md) `[a](a.md)` [b]: a.md <a href="a.md">\n```\n[a](a.md)\n```\n[ref]: <a.md>\n![i](a.md "t")'
    )
    done = rewrite_links(text, lambda target: "/new/" if target == "a.md" else None)
    assert done.split("\n") == [
        '[a](/new/) `[a](a.md)` [b]: a.md <a href="/new/">',
        "```",
        "[a](a.md)",
        "```",
        "[ref]: </new/>",
        '![i](/new/ "t")',
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a/b.md", "b"), ("a/b.html.md.erb", "b"), ("b.MARKDOWN", "b"), ("a.b.md", "a.b"), ("x", "x")],
)
def test_file_stem(name: str, expected: str) -> None:
    assert stem(name) == expected


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xff\xfe# T", "UTF-8"),
        (b"# T\n\0", "NUL"),
        (b"---\ntitle: [\n---\nx", "not YAML"),
        (b"---\nkind: magic\n---\n# T", "kind cannot be 'magic'"),
        (b"---\ntitle: [1]\n---\n# T", "title cannot be"),
        (b"---\nlanguage: fr\n---\n# T", "language"),
        (b"---\nnumber: a b\n---\n# T", "number"),
        (b"---\napplies_to: [{model: M, from: 2.10}]\n---\n# T", "quotes"),
        (b"", "no title"),
    ],
)
def test_what_cannot_be_read_says_why(data: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        parse(data, path="a.md", defaults=Defaults())


def test_front_matter_takes_our_fields_and_ignores_others() -> None:
    text = (
        "\ufeff---\r\ntitle: 2024\r\nlast_reviewed_on: 2024-30-01\r\nlanguage: zh-CN\r\ntools: [a, b]\r\n"
        "odd: {x: 1}\r\n---\r\n\r\n## A\r\n"
    )
    content = parse(text.encode(), path="a.md", defaults=Defaults(kind="repair")).content
    assert (content["title"], content["language"], content["tools"], content["kind"]) == (
        "2024",
        "zh-hans",
        ["a", "b"],
        "repair",
    )


def test_a_rule_on_the_first_line_is_no_front_matter() -> None:
    content = parse(b"---\njust text\n---\n# T\n\nx", path="a.md", defaults=Defaults()).content
    assert content["title"] == "T"
    assert "just text" in str(content)


LINES = st.lists(
    st.one_of(
        st.sampled_from(
            ["# Top", "## Two", "### Three", "```", "~~~", "<!--", "-->", "1. one", "2. two more. And",
             "   3. nested", "- dash", "===", "---", "", "", "    code", "> quote", "| a | b |", "<pre>",
             "</pre>", "## ", "# **x** [l](u)"]
        ),
        st.text(alphabet="abc #`<>-1.。中文", max_size=12),
    ),
    max_size=25,
)  # fmt: skip


@given(LINES, st.sampled_from(["heading", "file-name", "first-line"]))
def test_no_text_is_lost(lines: list[str], title_from: str) -> None:
    """Every word of the file is in the title, the summary or a step, as often as in the file."""
    try:
        found = outline("\n".join(lines), stem="f", language="en", title_from=title_from)
    except Unreadable:
        return
    words = re.findall(r"\w+", re.sub(r"^ {0,3}\d+\.\s", "", "\n".join(lines), flags=re.MULTILINE))
    kept = " ".join(
        [found.title, found.summary, *(f"{step['title']}\n{step['body']}" for step in found.steps)]
    )
    for word in set(words):
        assert kept.count(word) >= words.count(word), word
    assert found.steps
    assert all(0 < len(step["title"]) <= MAX_TITLE for step in found.steps)
