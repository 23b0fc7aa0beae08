"""What the log seals of signatures, and what must hold between them and the versions."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from procedures import audit
from procedures.audit.versions import VERSIONS
from procedures.models import Origin, ProcedureVersion
from review.models import Approval

APPROVAL_COLUMNS = ("version", "approver", "approved_at", "meaning", "sha256")
_SIGNED = "signed"


def register() -> None:
    audit.seal(Approval, APPROVAL_COLUMNS, check=check_signature)
    audit.register_final_check(released_without_signature)


def check_signature(pk: int, fields: Mapping[str, Any], facts: audit.Facts) -> Iterator[str]:
    version = facts[VERSIONS].get(fields["version_id"])
    facts[_SIGNED][fields["version_id"]] = True
    if version is not None and version.sha256 != fields["sha256"]:
        yield _("The signature is on other content than the version's.")


def released_without_signature(facts: audit.Facts) -> Iterator[audit.Finding]:
    """What was released here was signed here; what was imported names who answered for the import."""
    for pk, version in sorted(facts[VERSIONS].items()):
        if version.origin == Origin.RELEASED and pk not in facts[_SIGNED]:
            yield audit.Finding(
                ProcedureVersion._meta.db_table, pk, _("It was released without a signature.")
            )
