"""The log of searches. Nothing in it leads to a person: a key is made for one search and stands for nothing else."""

from django.db.models import (
    CASCADE,
    CharField,
    CheckConstraint,
    DateTimeField,
    F,
    ForeignKey,
    Index,
    JSONField,
    Model,
    PositiveIntegerField,
    Q,
    TextChoices,
    TextField,
    UniqueConstraint,
)
from django.utils.translation import gettext_lazy as _

MAX_NORMALISED = 200
"""Characters by which searches count as the same. Short enough for an index of any database."""


class Channel(TextChoices):
    """By which way it was asked."""

    PAGE = "page", _("Search page")
    API = "api", _("API")
    TICKET = "ticket", _("Ticket")


class SearchLog(Model):
    """One search: its further pages and filters within half an hour are part of it, not searches of their own."""

    key = CharField(_("key"), max_length=22, unique=True)  # in the links to its results
    asked_at = DateTimeField(_("asked"))
    text = TextField(_("text"))  # see search.log.masking
    normalised = CharField(_("text to compare"), max_length=MAX_NORMALISED)
    filters = JSONField(_("filters"), default=dict, blank=True)
    found = PositiveIntegerField(_("found"))
    whole = PositiveIntegerField(_("found with everything"))
    language = CharField(_("language"), max_length=20)
    role = CharField(_("role"), max_length=20)
    channel = CharField(_("channel"), max_length=10, choices=Channel.choices)

    class Meta:
        verbose_name = _("search asked")
        verbose_name_plural = _("searches asked")
        default_permissions = ()
        permissions = [
            ("view_search_reports", "Can read what people search for"),
            ("view_single_searches", "Can read what single customers searched for"),
        ]
        indexes = [Index(fields=["asked_at", "normalised"], name="search_log_asked")]
        constraints = [
            CheckConstraint(condition=Q(whole__lte=F("found")), name="search_log_whole_of_found"),
            CheckConstraint(condition=~Q(normalised=""), name="search_log_asks_something"),
            CheckConstraint(condition=Q(channel__in=Channel.values), name="search_log_channel"),
        ]

    def __str__(self) -> str:
        return self.normalised


class SearchOpening(Model):
    """A result of a search that was opened, once however often."""

    search = ForeignKey(SearchLog, CASCADE, verbose_name=_("search asked"), related_name="openings")
    source = CharField(_("type"), max_length=50)
    object_id = CharField(_("object"), max_length=100)
    rank = PositiveIntegerField(_("rank"))  # from 1

    class Meta:
        verbose_name = _("result opened")
        verbose_name_plural = _("results opened")
        default_permissions = ()
        constraints = [
            UniqueConstraint(fields=["search", "source", "object_id"], name="search_opened_once"),
            CheckConstraint(condition=Q(rank__gte=1), name="search_opened_rank"),
        ]

    def __str__(self) -> str:
        return f"{self.rank}. {self.source} {self.object_id}"


class GoodSearch(Model):
    """A search that helped several times, to be offered to others like those who asked it (search.log.good)."""

    group = CharField(_("role group"), max_length=10, choices=[("customer", "customer"), ("staff", "staff")])
    normalised = CharField(_("text to compare"), max_length=MAX_NORMALISED)
    text = CharField(_("text"), max_length=MAX_NORMALISED)
    times = PositiveIntegerField(_("asked"))
    opened = JSONField(_("what was opened"))  # [source, object id] of each
    made_at = DateTimeField(_("made"))

    class Meta:
        verbose_name = _("good search")
        verbose_name_plural = _("good searches")
        default_permissions = ()
        constraints = [UniqueConstraint(fields=["group", "normalised"], name="search_good_once")]

    def __str__(self) -> str:
        return self.text
