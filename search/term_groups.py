"""The site's term list: groups of words that mean the same, kept by documentation staff in the admin.

Nothing of it is in any index, so a change holds from the next question on, in every process and on every engine.
"""

import secrets
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import (
    BigIntegerField,
    BooleanField,
    CheckConstraint,
    DateTimeField,
    Index,
    Model,
    Q,
    TextField,
)
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from search.analysis import lexemes, normalise
from search.parsing import is_function_pair, is_stop_word
from search.synonyms import NO_TERMS, Phrase, TermList, compiled, phrase_of

MAX_TERMS = 20
"""Terms of one group."""
MAX_LENGTH = 60
"""Characters of a term."""
MAX_PARTS = 12
"""Words or Chinese characters of a term."""
MAX_GROUPS = 2_000

_lists: dict[str, tuple[tuple[int, int], TermList]] = {}  # database -> (its stamp, the list as of then)


class TermGroup(Model):
    """Words that mean the same, one a line. Whoever asks for one of them finds the others.

    An abbreviation leads to the others, and they do not lead to it: it may mean something else elsewhere.
    """

    english = TextField(_("English terms"), blank=True, help_text=_("One a line, e.g. leak rate."))
    chinese = TextField(_("Chinese terms"), blank=True, help_text=_("One a line, e.g. 漏率."))
    short = TextField(
        _("abbreviations"),
        blank=True,
        help_text=_(
            "One a line. Whoever asks for one finds the terms as well; whoever asks for a term does not find these."
        ),
    )
    is_active = BooleanField(_("in use"), default=True)
    updated_at = DateTimeField(_("changed"), auto_now=True)
    stamp = BigIntegerField(editable=False, default=0)  # drawn anew at every save; see term_list
    history = HistoricalRecords(excluded_fields=["stamp", "updated_at"])

    class Meta:
        verbose_name = _("group of terms")
        verbose_name_plural = _("term list")
        ordering = ["english", "chinese", "pk"]
        indexes = [Index(fields=["stamp"], name="search_term_stamp")]
        constraints = [
            CheckConstraint(
                condition=Q(english__gt="") | Q(chinese__gt=""),
                name="search_group_has_a_term",
                violation_error_message=_("A group needs a term that is no abbreviation."),
            )
        ]

    def __str__(self) -> str:
        return " = ".join([*self.terms, *self.short_terms])[:200]

    @property
    def terms(self) -> list[str]:
        """The terms that lead to one another."""
        return [*_lines(self.english), *_lines(self.chinese)]

    @property
    def short_terms(self) -> list[str]:
        """The abbreviations."""
        return _lines(self.short)

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Lines without outer blanks, and a new stamp."""
        for name in ("english", "chinese", "short"):
            setattr(self, name, "\n".join(_lines(getattr(self, name))))
        self.stamp = secrets.randbits(40)
        super().save(*args, **kwargs)

    def clean(self) -> None:
        """Raises ValidationError, by field, where a term or the whole group would do nothing or harm."""
        errors: dict[str, list[str]] = {}
        for name in ("english", "chinese", "short"):
            for term in _lines(getattr(self, name)):
                if why := _unfit(term, chinese={"english": False, "chinese": True}.get(name)):
                    errors.setdefault(name, []).append(why)
        if errors:
            raise ValidationError(errors)
        if not self.terms:
            raise ValidationError(gettext("A group needs a term that is no abbreviation."))
        everything = [*self.terms, *self.short_terms]
        if len(everything) < 2:
            raise ValidationError(
                gettext("A group needs two terms at least: one alone means the same as nothing.")
            )
        if len(everything) > MAX_TERMS:
            raise ValidationError(gettext("A group has %(most)s terms at most.") % {"most": MAX_TERMS})
        self._check_twins(everything)

    def _check_twins(self, everything: Iterable[str]) -> None:
        seen: dict[Phrase, str] = {}
        for term in everything:
            phrase = phrase_of(term)
            if twin := seen.get(phrase):
                raise ValidationError(
                    gettext("“%(one)s” and “%(other)s” are the same to the search; leave one out.")
                    % {"one": twin, "other": term}
                )
            seen[phrase] = term
        others = TermGroup.objects.exclude(pk=self.pk)
        if self.pk is None and others.count() >= MAX_GROUPS:
            raise ValidationError(gettext("The list has %(most)s groups at most.") % {"most": MAX_GROUPS})
        for other in others:
            both = [t for t in (*other.terms, *other.short_terms) if phrase_of(t) in seen]
            if len(both) > 1:
                raise ValidationError(
                    gettext("“%(one)s” and “%(other)s” stand together in a group already: %(group)s")
                    % {"one": both[0], "other": both[1], "group": other}
                )


def term_list(using: str = DEFAULT_DB_ALIAS) -> TermList:
    """The list as it is in the database now; read again only where its stamp is another."""
    with connections[using].cursor() as cursor:
        # Every save draws another number, so their sum changes with any change; an index answers it.
        cursor.execute("SELECT COUNT(*), COALESCE(SUM(stamp), 0) FROM search_termgroup")
        count, stamps = cursor.fetchone()
    stamp = (int(count), int(stamps))
    known = _lists.get(using)
    if known is None or known[0] != stamp:
        groups = TermGroup.objects.using(using).filter(is_active=True).order_by("pk")
        found = compiled((group.terms, group.short_terms) for group in groups) if count else NO_TERMS
        known = _lists[using] = (stamp, found)
    return known[1]


def _lines(text: str) -> list[str]:
    return [line for written in text.splitlines() if (line := " ".join(written.split()))]


def _unfit(term: str, *, chinese: bool | None) -> str:
    """Why this is no term to recognise in a question; "" if it is one."""
    named = {"term": term[:MAX_LENGTH], "most": MAX_LENGTH}
    if len(term) > MAX_LENGTH or len(phrase_of(term)) > MAX_PARTS:
        return gettext("“%(term)s” is too long: a term has %(most)s characters at most.") % named
    found = list(lexemes(normalise(term)))
    if not found:
        return gettext("“%(term)s” has no letter or digit.") % named
    if all(is_function_pair(o.text) == len(o.text) if o.is_cjk else is_stop_word(o.text) for o in found):
        return gettext("“%(term)s” stands in every other question and tells nothing apart.") % named
    is_chinese = any(lexeme.is_cjk for lexeme in found)
    if chinese is True and not is_chinese:
        return gettext("“%(term)s” has no Chinese character; it belongs to the English terms.") % named
    if chinese is False and is_chinese:
        return gettext("“%(term)s” has Chinese characters; it belongs to the Chinese terms.") % named
    return ""
