"""What there is to find: one row a document, in Django's own database, whatever engine answers."""

from django.db.models import (
    BigIntegerField,
    BinaryField,
    BooleanField,
    CharField,
    CheckConstraint,
    DateTimeField,
    Index,
    IntegerField,
    JSONField,
    Model,
    Q,
    TextField,
    UniqueConstraint,
)
from django.utils.translation import gettext_lazy as _

from search.log.models import GoodSearch, SearchLog, SearchOpening
from search.spelling import Spelling
from search.term_groups import TermGroup

__all__ = [
    "GoodSearch",
    "IndexState",
    "PendingChange",
    "SearchDocument",
    "SearchLog",
    "SearchOpening",
    "SearchProfile",
    "Spelling",
    "TermGroup",
]


class SearchDocument(Model):
    """One thing that can be found, as its source last described it.

    The engines' indexes hold terms only and point here by id; `text` is kept as written for highlights.
    `scope` says who may see it ("public", "internal", ...) and means the same in every source. An empty list
    of `lines`, `models` or `releases` applies to all of them. `passages` are pairs of an offset in the text, in
    characters and rising, and the anchor in the page at `url` of what begins there.
    """

    source = CharField(_("type"), max_length=50)
    object_id = CharField(_("object"), max_length=100)
    # Grows with every change, so that an engine outside the database never takes an older state for a newer one.
    revision = BigIntegerField(_("revision"), default=1)
    profile = BigIntegerField(_("profile"))  # SearchProfile.id; not a foreign key: an index may lie elsewhere
    language = CharField(_("language"), max_length=20, blank=True)
    kind = CharField(_("kind"), max_length=50, blank=True)
    scope = CharField(_("scope"), max_length=50)
    status = CharField(_("status"), max_length=50, blank=True)
    lines = JSONField(_("product lines"), default=list, blank=True)
    models = JSONField(_("equipment models"), default=list, blank=True)
    releases = JSONField(_("software releases"), default=list, blank=True)
    codes = JSONField(_("codes"), default=list, blank=True)
    number = CharField(_("number"), max_length=120, blank=True)
    version_label = CharField(_("version"), max_length=50, blank=True)
    url = CharField(_("address"), max_length=500)
    updated_at = DateTimeField(_("updated"))
    title = CharField(_("title"), max_length=500)
    passages = JSONField(_("passages"), default=list, blank=True)
    text = TextField(_("text"), blank=True)

    class Meta:
        verbose_name = _("search document")
        verbose_name_plural = _("search documents")
        constraints = [
            UniqueConstraint(fields=["source", "object_id"], name="search_one_row_an_object"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.object_id}: {self.title}"


class SearchProfile(Model):
    """What documents are filtered by, once for all that share it: {facet: value or list of values}.

    Filtering and counting go by profile, of which there are few. The id is a hash of the values, so it means the
    same in every process, transaction and database. What one document alone has (codes, date) is not part of it.
    """

    id = BigIntegerField(primary_key=True)
    values = JSONField(_("values"))

    class Meta:
        verbose_name = _("search profile")
        verbose_name_plural = _("search profiles")

    def __str__(self) -> str:
        return " · ".join(str(value) for value in self.values.values() if value)


class PendingChange(Model):
    """A document that changed or went, and that an engine outside the database has not heard of yet.

    One row a document, written in the transaction of the change. A document that is gone has no SearchDocument.
    """

    document = BigIntegerField(_("document"), unique=True)  # SearchDocument.id
    revision = BigIntegerField(_("revision"))
    noted_at = DateTimeField(_("noted"))
    attempts = IntegerField(_("attempts"), default=0)
    error = TextField(_("last error"), blank=True)
    given_up_at = DateTimeField(_("given up"), null=True, blank=True)

    class Meta:
        verbose_name = _("change on its way to the search engine")
        verbose_name_plural = _("changes on their way to the search engine")
        indexes = [Index(fields=["given_up_at", "id"], name="search_next_change")]

    def __str__(self) -> str:
        return f"{self.document} @ {self.revision}"


class IndexState(Model):
    """Which engine documents were last written under: any other lacks what was. One row, from the first use on.

    `is_whole`: whether that engine has heard since of all that was written under the one before.
    """

    ONLY = 1

    engine = CharField(_("search engine"), max_length=50)
    since = DateTimeField(_("in use since"))
    is_whole = BooleanField(_("has every document"))

    class Meta:
        verbose_name = _("state of the search index")
        verbose_name_plural = _("states of the search index")
        default_permissions = ()
        constraints = [CheckConstraint(condition=Q(pk=1), name="search_one_index_state")]

    def __str__(self) -> str:
        return self.engine


class Embedding(Model):
    """What a document's passages mean, as vectors of a local model. Only filled where that is switched on.

    Kept by the object, not by the row of SearchDocument: a rebuilt index has new rows of the same texts. A changed
    embedding is a new row, so that the highest id and the number of rows say whether there is anything new.
    """

    source = CharField(_("type"), max_length=50)
    object_id = CharField(_("object"), max_length=100)
    document = BigIntegerField(_("document"))  # SearchDocument.id and .revision when it was last looked at
    revision = BigIntegerField(_("revision"))
    language = CharField(_("language"), max_length=20, blank=True)
    model = CharField(_("model"), max_length=50)
    digest = CharField(_("digest"), max_length=64)
    starts = JSONField(_("offsets of the passages"), default=list)
    vectors = BinaryField(
        _("vectors")
    )  # float16, little-endian, one row of search.meaning.model.SIZE a passage

    class Meta:
        verbose_name = _("embedding")
        verbose_name_plural = _("embeddings")
        constraints = [
            UniqueConstraint(fields=["source", "object_id"], name="search_one_embedding_an_object"),
        ]

    def __str__(self) -> str:
        return f"{self.source} {self.object_id}: {len(self.starts)}"
