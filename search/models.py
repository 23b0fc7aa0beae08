"""What there is to find: one row a document, in Django's own database, whatever engine answers."""

from django.db.models import CharField, DateTimeField, JSONField, Model, TextField, UniqueConstraint
from django.utils.translation import gettext_lazy as _


class SearchDocument(Model):
    """One thing that can be found, as its source last described it.

    The engines' indexes hold terms only and point here by id; `text` is kept as written for highlights.
    `scope` says who may see it ("public", "internal", ...) and means the same in every source. An empty
    `models` list applies to all equipment models.
    """

    source = CharField(_("type"), max_length=50)
    object_id = CharField(_("object"), max_length=100)
    language = CharField(_("language"), max_length=20, blank=True)
    kind = CharField(_("kind"), max_length=50, blank=True)
    scope = CharField(_("scope"), max_length=50)
    models = JSONField(_("equipment models"), default=list, blank=True)
    codes = JSONField(_("codes"), default=list, blank=True)
    number = CharField(_("number"), max_length=120, blank=True)
    version_label = CharField(_("version"), max_length=50, blank=True)
    url = CharField(_("address"), max_length=500)
    updated_at = DateTimeField(_("updated"))
    title = CharField(_("title"), max_length=500)
    # Last, so that SQLite reads the filters above without following a long text's overflow pages.
    text = TextField(_("text"), blank=True)

    class Meta:
        verbose_name = _("search document")
        verbose_name_plural = _("search documents")
        constraints = [
            UniqueConstraint(fields=["source", "object_id"], name="search_one_row_an_object"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.object_id}: {self.title}"
