"""FAQ: questions that customers answer for themselves."""

from typing import Any, Self

from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.crypto import get_random_string
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, FieldRowPanel, TitleFieldPanel
from wagtail.models import Page, PageManager, PagePermissionTester
from wagtail.query import PageQuerySet

from procedures.content import clean_line
from procedures.forms import FaqPageForm
from procedures.models.catalogue import Bilingual
from procedures.models.page import Audience, ProcedurePage
from procedures.models.page_permissions import FolderPermissionTester


class FaqCategory(Bilingual):
    code = models.SlugField(_("code"), max_length=40, unique=True)
    position = models.PositiveIntegerField(_("position"), default=0)

    class Meta:
        ordering = ["position", "code"]
        verbose_name = _("FAQ category")
        verbose_name_plural = _("FAQ categories")

    def __str__(self) -> str:
        return self.local_name


class FaqIndexPage(Page):
    """The folder that all FAQ entries live in."""

    parent_page_types = ["kb.HomePage"]
    subpage_types = ["procedures.FaqPage"]
    max_count = 1

    class Meta:
        verbose_name = _("FAQ folder")

    def serve(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return redirect("procedures:faq")

    def permissions_for_user(self, user: Any) -> PagePermissionTester:
        return FolderPermissionTester(user, self)


class FaqQuerySet(PageQuerySet):
    def visible_to(self, user: Any) -> Self:
        """Published entries of the audiences this person belongs to; drafts for nobody."""
        from procedures.access import readable_audiences  # access asks the models' enums

        return self.live().filter(audience__in=readable_audiences(user))


class FaqPage(Page):
    """One question and its answer; the page's title is the question."""

    answer = models.TextField(_("answer"), help_text=_("Markdown."))
    category = models.ForeignKey(
        FaqCategory, on_delete=models.PROTECT, related_name="entries", verbose_name=_("category")
    )
    language = models.CharField(
        _("language"),
        max_length=10,
        choices=[("en", _("English")), ("zh-hans", _("Simplified Chinese"))],
        default="en",
    )
    audience = models.CharField(
        _("audience"), max_length=10, choices=Audience.choices, default=Audience.CUSTOMER
    )
    source = models.ForeignKey(
        ProcedurePage,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="faq_entries",
        verbose_name=_("where the answer comes from"),
    )

    parent_page_types = ["procedures.FaqIndexPage"]
    subpage_types: list[str] = []
    base_form_class = FaqPageForm
    objects = PageManager.from_queryset(FaqQuerySet)()

    content_panels = [
        TitleFieldPanel("title", heading=_("Question")),
        FieldPanel("answer"),
        FieldRowPanel([FieldPanel("category"), FieldPanel("language"), FieldPanel("audience")]),
        FieldPanel("source"),
    ]

    class Meta:
        verbose_name = _("FAQ entry")
        verbose_name_plural = _("FAQ entries")

    def full_clean(self, *args: Any, **kwargs: Any) -> None:
        """A question without a letter gets an address all the same, and none keeps what nobody sees in it."""
        self.title = clean_line(self.title)  # type: ignore[has-type]  # as below
        if not self.slug and not slugify(self.title, allow_unicode=True):  # type: ignore[has-type]  # Wagtail has no types
            self.slug = f"faq-{get_random_string(8).lower()}"
        super().full_clean(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("procedures:faq_entry", args=[self.slug])

    def get_url_parts(self, request: HttpRequest | None = None) -> tuple[int, str, str] | None:
        parts = super().get_url_parts(request)
        return parts and (parts[0], parts[1], self.get_absolute_url())

    def serve(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return redirect(self)
