"""What the log seals of versions, and what must hold of their rows besides."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from procedures.audit.sealing import Facts, Finding, register_final_check, seal
from procedures.content import content_hash
from procedures.models import (
    ErrorCode,
    MachineModel,
    ProcedureVersion,
    ProductLine,
    SoftwareRelease,
    VersionApplicability,
    VersionStatus,
)
from procedures.models.version import MUTABLE_FIELDS

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
HASHES, CATALOGUE, _APPLIES = "hash", "catalogue", "applies to"
"""{version's pk: (SHA-256 in the first event on it, its sequence)}, {model: {pk: name in a content}} or nothing where
there is no catalogue at hand, {version's pk: what its content says that its rows do not, and the other way}."""


class VersionFacts(NamedTuple):
    page: int
    origin: str
    sha256: str


def register() -> None:
    seal(ProcedureVersion, VERSION_COLUMNS, page="page", check=check_version, changing=MUTABLE_FIELDS)
    seal(VersionApplicability, APPLICABILITY_COLUMNS, check=check_row)
    register_final_check(check_rows)


def read_catalogue_names() -> dict[Any, dict[int, Any]]:
    """What contents call the records of the catalogue that versions refer to by their keys."""
    lines = dict(ProductLine.objects.values_list("pk", "code"))
    codes = ErrorCode.objects.order_by().values_list("pk", "product_line", "code")
    return {
        ProductLine: lines,
        ErrorCode: {pk: (lines[line], code) for pk, line, code in codes},
        MachineModel: dict(MachineModel.objects.values_list("pk", "code")),
        SoftwareRelease: dict(SoftwareRelease.objects.values_list("pk", "version")),
    }


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
    known, sequence = facts[HASHES].get(pk, (fields["sha256"], 0))
    if known != fields["sha256"]:
        yield _("Event %(sequence)d, the first on it, has another hash of its content.") % {
            "sequence": sequence
        }
    codes = sorted(((code["product_line"], code["code"]) for code in content["error_codes"]), key=str)
    catalogue = facts[CATALOGUE]
    if len(codes) != len(fields["error_codes"]) or (
        catalogue and codes != sorted(map(catalogue[ErrorCode].get, fields["error_codes"]), key=str)
    ):
        yield _("Its %(column)s is not what its content says.") % {"column": "error_codes"}
    line = fields["product_line_id"]
    if (line is None) != (content["product_line"] == "") or (
        catalogue and line is not None and catalogue[ProductLine].get(line) != content["product_line"]
    ):
        yield _("Its %(column)s is not what its content says.") % {"column": "product_line"}
    facts[_APPLIES][pk] = Counter(
        _row_key(row["model"], row["from"], row["before"], row["options"], bool(catalogue))
        for row in content["applies_to"]
    )
    if fields["status"] == VersionStatus.EFFECTIVE:
        other = facts[_IN_FORCE].setdefault(fields["page_id"], pk)
        if other != pk:
            yield _("It is in force, and so is version %(pk)d of the same procedure.") % {"pk": other}
    for step in content["steps"]:
        for image in step["images"]:
            facts[IMAGES].setdefault(image["sha256"], pk)


def check_row(pk: int, fields: Mapping[str, Any], facts: Facts) -> tuple[str, ...]:
    """Nothing is wrong with a row alone: those of a version are held against its content at the end."""
    catalogue = facts[CATALOGUE]
    model, first, before = (fields[f"{name}_id"] for name in ("model", "release_from", "release_before"))
    if catalogue:
        releases = catalogue[SoftwareRelease]
        model = catalogue[MachineModel].get(model)
        first, before = (releases.get(end) if end is not None else "" for end in (first, before))
    key = _row_key(model, first or "", before or "", fields["options"], bool(catalogue))
    facts[_APPLIES].setdefault(fields["version_id"], Counter()).subtract([key])
    return ()


def check_rows(facts: Facts) -> Iterator[Finding]:
    """A version applies where its content says. Without a catalogue, only what needs no name is compared."""
    for pk, left in sorted(facts[_APPLIES].items()):
        if any(left.values()):
            table = ProcedureVersion._meta.db_table
            yield Finding(
                table, pk, _("Its %(column)s is not what its content says.") % {"column": "applies_to"}
            )


def _row_key(model: Any, first: Any, before: Any, options: Any, named: bool) -> tuple[Any, ...]:
    ends = (model, first, before) if named else (bool(first), bool(before))
    return (*ends, *sorted(options or ()))
