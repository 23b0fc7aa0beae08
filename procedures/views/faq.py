"""The FAQ: questions by category, and one question with its answer."""

import json
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.html import strip_tags
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from procedures.models import FaqCategory, FaqPage, ProcedureVersion
from procedures.queries import for_lists
from procedures.rendering import render_markdown

LANGUAGES = tuple(FaqPage._meta.get_field("language").choices)
ALL = "all"


@dataclass(frozen=True)
class FaqIndex:
    groups: list[tuple[FaqCategory, list[FaqPage]]]
    language: str  # "all", or the one that is shown
    languages: tuple[tuple[str, Any], ...]
    fell_back: bool  # nothing in the language of the interface


@require_safe
def faq(request: HttpRequest) -> HttpResponse:
    """The questions this reader may read, in the interface's language unless the address asks otherwise."""
    entries = list(
        FaqPage.objects.visible_to(request.user)
        .select_related("category")
        .defer("answer")
        .order_by("category__position", "category__code", "title")
    )
    own = get_language() or "en"
    asked = request.GET.get("language", "")
    language = asked if asked in (ALL, *dict(LANGUAGES)) else own
    shown = entries if language == ALL else [entry for entry in entries if entry.language == language]
    fell_back = bool(not asked and not shown and entries)
    if fell_back:
        language, shown = ALL, entries
    groups: dict[int, tuple[FaqCategory, list[FaqPage]]] = {}
    for entry in shown:
        groups.setdefault(entry.category_id, (entry.category, []))[1].append(entry)
    page = FaqIndex(list(groups.values()), language, LANGUAGES, fell_back)
    return render(request, "procedures/faq.html", vars(page))


@dataclass(frozen=True)
class FaqEntry:
    entry: FaqPage
    answer: SafeString
    source: ProcedureVersion | None
    related: list[FaqPage]
    json_ld: SafeString


@require_safe
def faq_entry(request: HttpRequest, slug: str) -> HttpResponse:
    """One question. 404 unless it is published for this reader."""
    visible = FaqPage.objects.visible_to(request.user)
    entry = get_object_or_404(visible.select_related("category"), slug=slug)
    answer = render_markdown(entry.answer)
    source = None
    if entry.source_id:
        # The source is named only to those who may read what is in force of it.
        effective = ProcedureVersion.objects.visible_to(request.user).effective()
        source = for_lists(effective.filter(page=entry.source_id)).first()
    related = visible.filter(category=entry.category_id, language=entry.language).exclude(pk=entry.pk)
    page = FaqEntry(
        entry=entry,
        answer=mark_safe(answer),  # cleaned by nh3
        source=source,
        related=list(related.defer("answer").order_by("title")[:6]),
        json_ld=json_ld(
            {
                "@context": "https://schema.org",
                "@type": "FAQPage",
                "inLanguage": entry.language,
                "mainEntity": [
                    {
                        "@type": "Question",
                        "name": entry.title,
                        "acceptedAnswer": {"@type": "Answer", "text": " ".join(strip_tags(answer).split())},
                    }
                ],
            }
        ),
    )
    return render(request, "procedures/faq_entry.html", vars(page))


def json_ld(data: dict[str, Any]) -> SafeString:
    """JSON that cannot end the script element it stands in."""
    text = json.dumps(data, ensure_ascii=False)
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return mark_safe(text)
