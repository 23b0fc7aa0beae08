"""What the log seals of versions, and what must hold of their rows besides."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from procedures.audit.sealing import Facts, seal
from procedures.content import content_hash
from procedures.models import ProcedureVersion, VersionApplicability, VersionStatus

VERSION_COLUMNS = (
    "page", "revision", "major", "minor", "status", "origin", "significance", "change_summary", "number", "title",
    "kind", "language", "audience", "summary", "product_line", "error_codes", "content", "html", "search_text",
    "sha256", "last_editor", "author_name", "approved_by", "approved_at", "approved_sha256", "effective_from",
    "superseded_at", "withdrawn_at", "withdrawn_by", "withdrawn_reason", "replaced_by",
    "created_at",
)  # fmt: skip
APPLICABILITY_COLUMNS = ("version", "model", "release_from", "release_before", "options")
# Columns that repeat what the content says, for queries.
_REPEATED = ("number", "title", "kind", "language", "audience", "summary")

VERSIONS, IMAGES, _IN_FORCE = "version", "image", "in force"
"""Topics of the facts: {version's pk: VersionFacts}, {SHA-256: a version's pk}, {page's pk: version's pk}."""


class VersionFacts(NamedTuple):
    page: int
    origin: str
    sha256: str


def register() -> None:
    seal(ProcedureVersion, VERSION_COLUMNS, page="page", check=check_version)
    seal(VersionApplicability, APPLICABILITY_COLUMNS)


def check_version(pk: int, fields: Mapping[str, Any], facts: Facts) -> Iterator[str]:
    """The content is what was approved, the columns say what it says, and one version is in force."""
    content = fields["content"]
    facts[VERSIONS][pk] = VersionFacts(fields["page_id"], fields["origin"], fields["sha256"])
    if content_hash(content) != fields["sha256"]:
        yield _("Its content does not have the hash that it carries.")
    if fields["approved_sha256"] != fields["sha256"]:
        yield _("The hash that was approved is another one.")
    for name in _REPEATED:
        if fields[name] != content[name]:
            yield _("Its %(column)s is not what its content says.") % {"column": name}
    if fields["status"] == VersionStatus.EFFECTIVE:
        other = facts[_IN_FORCE].setdefault(fields["page_id"], pk)
        if other != pk:
            yield _("It is in force, and so is version %(pk)d of the same procedure.") % {"pk": other}
    for step in content["steps"]:
        for image in step["images"]:
            facts[IMAGES].setdefault(image["sha256"], pk)
