"""The causes of an error code on its page: in the reader's language, and what the search finds in the other one."""

import pytest
from django.test import Client

from tests import factories as make

pytestmark = pytest.mark.django_db

ENGLISH, CHINESE = "The fan is blocked.", "风扇堵塞。"


def page_of(language: str, **causes: str) -> str:
    code = make.error_code(make.product_line("LM"), "E-1", **causes)
    client = Client(headers={"accept-language": language})
    client.force_login(make.field_engineer())
    return client.get(code.get_absolute_url()).content.decode()


@pytest.mark.parametrize(
    ("language", "first", "second", "lang"),
    [("en", ENGLISH, CHINESE, "zh-Hans"), ("zh-hans", CHINESE, ENGLISH, "en")],
)
def test_the_other_language_stands_behind_ones_own(language: str, first: str, second: str, lang: str) -> None:
    text = page_of(language, causes=ENGLISH, causes_zh=CHINESE)
    shown, folded = text.partition('<details class="more"><summary>')[::2]
    assert first in shown
    assert second not in shown
    assert f'lang="{lang}"' in folded.partition(second)[0]


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("causes", [{"causes": ENGLISH}, {"causes_zh": CHINESE}])
def test_causes_in_one_language_are_shown_to_everybody(language: str, causes: dict[str, str]) -> None:
    text = page_of(language, **causes)
    (cause,) = causes.values()
    assert text.count(cause) == 1
    assert '<details class="more"><summary>' not in text
