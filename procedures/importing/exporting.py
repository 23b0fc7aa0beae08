"""Effective versions as files of our own format, images beside them."""

from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from django.db.models import QuerySet

from procedures.extensions import with_on_hold
from procedures.frozen_files import read_frozen
from procedures.importing import own_format
from procedures.importing.readers import IMAGE_FOLDER
from procedures.models import ProcedureVersion


def exportable(numbers: Sequence[str] = ()) -> QuerySet[ProcedureVersion]:
    """The effective versions, of these procedures only where numbers are given; each says whether it is on hold."""
    versions = with_on_hold(ProcedureVersion.objects.effective())
    versions = versions.select_related("page__procedure_owner").order_by("number")
    return versions.filter(number__in=numbers) if numbers else versions


def export_version(version: ProcedureVersion, folder: Path) -> Path:
    """Write the version as `NUMBER.md` with its images as `images/SHA-256.ext`; returns the file.

    Raises FileNotFoundError where the frozen bytes of an image are gone.
    """
    owner = version.page.procedure_owner
    text = own_format.write(
        version.content, team=version.page.team, owner=owner.get_username() if owner else ""
    )
    _export_images(
        {image["sha256"] for step in version.steps for image in step["images"]}, folder / IMAGE_FOLDER
    )
    target = folder / f"{version.number}.md"
    target.write_text(text, encoding="utf-8", newline="\n")
    return target


def _export_images(digests: Iterable[str], folder: Path) -> None:
    for digest in sorted(digests):
        if (frozen := read_frozen(digest)) is None:
            raise FileNotFoundError(digest)
        name, data = frozen
        folder.mkdir(exist_ok=True)
        (folder / f"{digest}{PurePosixPath(name).suffix}").write_bytes(data)
