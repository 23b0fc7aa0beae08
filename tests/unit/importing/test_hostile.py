"""Files that want to cost minutes, or to be misread: refused early, with a reason."""

import time

import pytest

from procedures.importing import front_matter, own_format, readers
from procedures.importing.documents import Defaults, Unreadable
from procedures.importing.markdown_lines import list_depth
from procedures.importing.readers import parse, printable

BOMB = "tools: [&a0 [x, x]" + "".join(f", &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)) + "]"
MERGES = "m0: &m0 {a: 1}\n" + "".join(f"m{n}: &m{n} {{<<: [*m{n - 1}, *m{n - 1}]}}\n" for n in range(1, 25))


def reason(text: str) -> str:
    started = time.monotonic()
    with pytest.raises(Unreadable) as refused:
        parse(text.encode(), path="x.md", defaults=Defaults())
    assert time.monotonic() - started < 3
    return str(refused.value)


@pytest.mark.parametrize(
    ("head", "line"), [(BOMB, 2), (MERGES, 2), ("title: T\nx: &a 1", 3), ("x: {<<: {a: 1}}", 2)]
)
def test_front_matter_may_not_refer_to_itself(head: str, line: int) -> None:
    said = reason(f"---\n{head}\n---\n# T\n")
    assert said.startswith(f"Line {line} of its front matter has an anchor, an alias or a merge key")


def test_what_only_looks_like_a_reference_is_taken() -> None:
    text = '---\ntitle: "*Stop* & <<go>>"\nsummary: a & b * c\ntools: ["<<", a &b]\n---\n# T\n'
    content = parse(text.encode(), path="x.md", defaults=Defaults()).content
    assert (content["title"], content["tools"]) == ("*Stop* & <<go>>", ["<<", "a &b"])


def test_the_exporter_writes_no_aliases() -> None:
    same = ["one", "two"]
    row = {"model": "M", "from": "", "before": "", "options": same}
    content = {
        "format": 1, "number": "S-1", "title": "T", "kind": "repair", "language": "en",
        "audience": "internal", "product_line": "", "summary": "", "safety": "", "tools": same,
        "parts": same, "skills": same, "applies_to": [row, row], "error_codes": [], "steps": [],
    }  # fmt: skip
    assert parse(own_format.write(content).encode(), path="x", defaults=Defaults()).content == content


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"---\ntitle: {'x' * front_matter.MAX_HEAD}\n---\n# T\n", "larger than 256 KB"),
        ("# T\n" + "x" * readers.MAX_BYTES, "larger than 5 MB"),
        (f"---\ntools: {'[' * 300}{']' * 300}\n---\n# T\n", "nested more than 40 levels"),
        ("---\ntitle: never closed\n\n## A\n\ntext\n", "Its front matter has no end"),
        ("\ufeff---  \r\n\r\nTitle: never closed\r\n", "Its front matter has no end"),
        ("---\nredline: 1\nnumber: A-1", "Its front matter has no end"),
        ("---\ntitle: !!timestamp x\n---\n# T\n", "is not YAML"),
        ("# T\n" + "\n".join("  " * depth + "- x" for depth in range(400)), "nested more than 40 levels"),
        ("# T\n## S\n" + "- " * 41 + "x", "nested more than 40 levels"),
        ("# T\n" + "\n".join("> " + "  " * depth + "- x" for depth in range(50)), "more than 40 levels"),
    ],
)
def test_what_is_too_large_or_too_deep_is_refused(text: str, said: str) -> None:
    assert said in reason(text)


@pytest.mark.parametrize("line", ["Note: look.", "## A: b", "https://x.org", "a: b: c".capitalize(), ""])
def test_a_rule_on_the_first_line_is_no_front_matter(line: str) -> None:
    text = f"---\n{line}\n\n# T\n\n## One\n\ntext\n"
    assert "text" in str(parse(text.encode(), path="x.md", defaults=Defaults()).content["steps"])


def test_a_number_of_thousands_of_digits_is_a_text() -> None:
    text = f"---\nsummary: 0x{'f' * 9000}\n---\n# T\n"
    assert len(parse(text.encode(), path="x.md", defaults=Defaults()).content["summary"]) == 9002


@pytest.mark.parametrize(
    ("text", "depth"),
    [
        ("text\n\n- - -\n* * * * *", 0),
        ("- a\n  - b\n- c\n  1. d\n     - e", 3),
        ("- a\n\n## b\n\n- c", 1),
        ("> a\n> b\n> > c", 2),
        ("```\n- - - - x\n```\n- x", 1),
        ("-no item\n1.5 V", 0),
    ],
)
def test_depth_of_lists(text: str, depth: int) -> None:
    assert list_depth(text) == depth


def test_yaml_errors_name_the_line_of_the_file() -> None:
    assert "line 3, column" in reason("---\ntitle: T\nsummary: a: b\n---\n# T\n")


def test_a_path_is_printable() -> None:
    assert printable("a/bad\udcff.md") == "a/bad\\xff.md"
    assert printable("a\x1b[2J\n.md") == "a\\x1b[2J\\n.md"
    assert printable("手册/a b.md") == "手册/a b.md"
