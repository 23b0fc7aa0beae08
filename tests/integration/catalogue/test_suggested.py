"""What is suggested of a code whose meaning stands in two languages."""

import re

import pytest
from django.urls import reverse

from tests import factories as make


@pytest.mark.parametrize(
    ("language", "typed", "told"),
    [
        ("en", "E-7", "E-77 · Fan stalled"),
        ("zh-hans", "E-7", "E-77 · 风扇停转"),
        ("en", "风扇", "E-77 · Fan stalled · <mark>风扇</mark>停转"),
    ],
)
@pytest.mark.django_db
def test_its_meaning_is_told_in_the_readers_language(language: str, typed: str, told: str) -> None:
    make.error_code(make.product_line("LM"), "E-77", meaning="Fan stalled", meaning_zh="风扇停转")
    reader = make.signed_in(make.field_engineer())
    page = reader.get(reverse("search:suggest"), {"q": typed}, headers={"accept-language": language})
    assert re.findall(r"<span>(.+)</span></a>", page.content.decode()) == [told]


@pytest.mark.parametrize(
    ("typed", "chinese"),
    [("E-77-fan", "风扇停转"), ("E-7", "风扇 · 停转")],
    ids=["mark over both", "three parts"],
)
@pytest.mark.django_db
def test_it_is_told_whole_where_parts_cannot_be_told_apart(typed: str, chinese: str) -> None:
    make.error_code(make.product_line("LM"), "E-77", meaning="Fan stalled", meaning_zh=chinese)
    reader = make.signed_in(make.field_engineer())
    page = reader.get(
        reverse("search:suggest"), {"q": typed}, headers={"accept-language": "en"}
    ).content.decode()
    assert page.count("<mark>") == page.count("</mark>")
    assert "alled" in page
    assert chinese in page


@pytest.mark.django_db
def test_what_has_no_meaning_in_the_readers_language_is_told_in_the_other() -> None:
    make.error_code(make.product_line("LM"), "E-77", meaning="Fan stalled")
    reader = make.signed_in(make.field_engineer())
    page = reader.get(reverse("search:suggest"), {"q": "E-7"}, headers={"accept-language": "zh-hans"})
    assert "Fan stalled" in page.content.decode()
