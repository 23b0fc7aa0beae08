"""What the log seals of signatures, and what must hold between them and the versions."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from procedures import audit
from procedures.audit.versions import VERSIONS
from procedures.models import Origin, ProcedureVersion
from review.models import Approval

APPROVAL_COLUMNS = ("version", "approver", "approved_at", "meaning", "sha256")
_SIGNATURES = "signature"
"""Topic of the facts: {approval's pk: (version's pk, SHA-256)}."""


def register() -> None:
    audit.seal(Approval, APPROVAL_COLUMNS, check=note_signature)
    audit.register_final_check(check_signatures)


def note_signature(pk: int, fields: Mapping[str, Any], facts: audit.Facts) -> tuple[str, ...]:
    """Nothing is wrong with a signature alone: it is held against its version at the end."""
    facts[_SIGNATURES][pk] = (fields["version_id"], fields["sha256"])
    return ()


def check_signatures(facts: audit.Facts) -> Iterator[audit.Finding]:
    """A signature is on its version's content, and what was released here is signed.

    What was imported names who answered for the import in the version itself.
    """
    versions = facts[VERSIONS]
    for pk, (version_pk, sha256) in sorted(facts[_SIGNATURES].items()):
        if version_pk in versions and versions[version_pk].sha256 != sha256:
            table = Approval._meta.db_table
            yield audit.Finding(table, pk, _("It signs other content than the version's."))
    signed = {version_pk for version_pk, _sha256 in facts[_SIGNATURES].values()}
    for pk, version in sorted(versions.items()):
        if version.origin == Origin.RELEASED and pk not in signed:
            table = ProcedureVersion._meta.db_table
            yield audit.Finding(table, pk, _("It was released without a signature."))
