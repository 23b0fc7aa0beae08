"""Markdown carries no script, style, handler or foreign address to a page."""

from html.parser import HTMLParser

import pytest
from brs_kb import payloads as published

from procedures.rendering import _TAGS, render_markdown


def _strings() -> list[str]:
    found: dict[str, None] = {}
    for name in dir(published):
        group = getattr(published, name)
        if isinstance(group, dict):
            for entry in group.values():
                if isinstance(text := getattr(entry, "payload", None), str):
                    found[text] = None
    return list(found)


class _Audit(HTMLParser):
    """Collects what a browser would take for a tag or an attribute that should not be there."""

    def __init__(self) -> None:
        super().__init__()
        self.bad: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _TAGS:
            self.bad.append(tag)
        for name, value in attrs:
            if name in {"rel", "title", "start", "colspan", "rowspan", "tabindex"} or (name, value) == (
                "class",
                "table-wrap",
            ):
                continue
            if (
                name == "href"
                and value
                and value.startswith(("http://", "https://", "mailto:", "/", "#step-"))
            ):
                continue
            self.bad.append(f"{tag} {name}={value}")


def _audit(html: str) -> list[str]:
    audit = _Audit()
    audit.feed(html)
    audit.close()
    return audit.bad


def test_the_published_list_is_long() -> None:
    assert len(_strings()) > 1000


@pytest.mark.parametrize(
    "wrap", ["{}", "a **b** {} c", "[x]({})", "![{0}]({0})", "1. {}", "> {}", "| a |\n|---|\n| {} |", "`{}`"]
)
def test_no_published_string_reaches_a_page(wrap: str) -> None:
    leaks = {text: bad for text in _strings() if (bad := _audit(render_markdown(wrap.format(text, text))))}
    assert leaks == {}


def test_the_audit_sees_a_leak() -> None:
    assert _audit("<b onclick=x>a</b>") == ["b onclick=x"]
    assert _audit("<script>x</script>") == ["script"]
    assert _audit('<a href="javascript:x">a</a>') == ["a href=javascript:x"]


def test_tables_scroll_in_their_own_box() -> None:
    assert '<div class="table-wrap" tabindex="0"><table>' in render_markdown("|a|b|\n|-|-|\n|1|2|")


def test_fenced_code_inside_a_list_stays_in_the_list() -> None:
    html = render_markdown("1. Run\n\n    ```bash\n    stop --now\n    ```\n\n2. Wait")
    assert html.count("<ol>") == 1
    assert "<code>stop --now" in html


def test_headings_stand_below_the_steps_own() -> None:
    assert render_markdown("# Top\n\n### Deep") == "<h4>Top</h4>\n<h4>Deep</h4>"


def test_images_become_their_description() -> None:
    assert render_markdown("![the breaker](https://example.org/x.png)") == "<p><span>[the breaker]</span></p>"


@pytest.mark.parametrize(
    "target", ["//example.org/x", "foo.md", "#other", "javascript:x", "data:text/html,x"]
)
def test_links_that_lead_nowhere_safe_lose_their_address(target: str) -> None:
    assert "href" not in render_markdown(f"[text]({target})")


def test_empty_text_costs_nothing() -> None:
    assert render_markdown("  \n") == ""
