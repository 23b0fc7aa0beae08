"""What is typed travels in the address: how long that may be, asked of the server that serves the site."""

import http.client
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import quote, urlsplit

import pytest

from tests.browser.conftest import served

pytestmark = pytest.mark.browser

TICKET = "保险丝很烫" * 400  # 2,000 characters, 18,000 bytes of an address


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with served(tmp_path_factory.mktemp("served")) as address:
        yield urlsplit(address).port or 0


def get(port: int, address: str, **headers: str) -> tuple[int, str]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        connection.request("GET", address, headers=headers)
        with connection.getresponse() as response:
            return response.status, response.read().decode()


def test_a_whole_ticket_in_chinese_is_looked_for(port: int) -> None:
    status, page = get(port, f"/search/?q={quote(TICKET)}")
    assert (status, TICKET in page) == (200, True)
    assert "Only the first" not in page


def test_a_longer_text_is_cut_and_the_page_says_so(port: int) -> None:
    status, page = get(port, f"/search/?q={quote(TICKET + '更多')}")
    assert (status, "Only the first 2000 characters were looked for." in page) == (200, True)
    status, page = get(port, f"/search/?q={quote('x' * 10_000)}")
    assert (status, "Only the first 2000 characters were looked for." in page) == (200, True)


def test_a_quoted_passage_reaches_the_comment(port: int) -> None:
    address = "/review/SOP-1/v/1.0/steps/a/comment/?quote="
    assert get(port, address + quote("断" * 500))[0] == 302  # to the sign-in, and on to the comment
    status, page = get(port, address + quote("断" * 3000))
    assert (status, "断" * 3000 in page) == (403, True)  # more than a redirect takes along
    assert 'href="/accounts/login/' in page
    address = f"http://127.0.0.1:{port}/search/?q={quote(TICKET)}"
    status, _page = get(port, "/search/suggest/?q=a", **{"HX-Request": "true", "HX-Current-URL": address})
    assert status == 200


def test_what_no_page_needs_is_answered_by_the_site_with_what_was_typed(port: int) -> None:
    status, page = get(port, f"/search/?q={quote(TICKET * 7)}")
    assert (status, TICKET * 7 in page) == (414, True)
    assert "This is too long for an address" in page
    status, page = get(port, f"/search/?q={quote(TICKET * 7)}", **{"Accept-Language": "zh-hans"})
    assert (status, '<html lang="zh-Hans">' in page) == (414, True)


def test_an_endless_line_is_not_read_to_its_end(port: int) -> None:
    status, _page = get(port, f"/search/?q={'x' * 300_000}")
    assert status == 414
