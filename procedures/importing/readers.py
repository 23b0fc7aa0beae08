"""Files in, Documents out: which files there are, how they are decoded, which of the two forms they have."""

import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _

from procedures.importing import foreign, front_matter, own_format
from procedures.importing.documents import MAX_TITLE, Defaults, Document, Unreadable, empty_content
from procedures.importing.markdown_lines import first_sentence, list_depth

SUFFIXES = (".md.erb", ".markdown", ".md")
IMAGE_FOLDER = "images"
_CODE = re.compile(r"\b[A-Z]{1,8}[-_]?\d{2,8}\b")
_ALERT = re.compile(r"[A-Za-z][\w.-]*")
_MAX_CODE = 60


MAX_BYTES = 5 * 1024 * 1024
MAX_OWN_BYTES = 32 * 1024 * 1024
"""What the editor takes of one procedure is 10 MB (DATA_UPLOAD_MAX_MEMORY_SIZE); writing it as YAML may treble it."""
MAX_DEPTH = 40
"""Lists and quotations inside one another; the time that rendering takes grows with its third power."""


def discover(root: Path) -> Iterator[str]:
    """The Markdown files below `root`, sorted, as relative paths with "/"; what is hidden is left out.

    A link that leads nowhere, a pipe or a device is one of them: reading it says so.
    """
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if (
            path.name.lower().endswith(SUFFIXES)
            and not path.is_dir()
            and not any(part.startswith(".") for part in relative.parts)
        ):
            yield relative.as_posix()


def printable(path: str) -> str:
    """The path for people and for records: what is not UTF-8, or moves a terminal's cursor, as an escape."""
    text = os.fsencode(path).decode("utf-8", "backslashreplace")
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


def linked_folders(root: Path) -> Iterator[tuple[str, bool]]:
    """(path, whether it leads out of `root`) of the links to folders below `root`; none is followed."""
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        if path.is_symlink() and path.is_dir() and not any(part.startswith(".") for part in relative.parts):
            yield relative.as_posix(), not _is_inside(path, root)


def _is_inside(path: Path, root: Path) -> bool:
    """Whether the file itself, links followed, is below `root`."""
    try:
        return path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):  # a link that leads to itself
        return True  # and so nowhere: reading says so


def stem(path: str) -> str:
    """The file's name without its Markdown ending: `a/creating-vpcs.html.md.erb` is `creating-vpcs`."""
    name = path.rpartition("/")[2]
    for suffix in SUFFIXES:
        if name.lower().endswith(suffix):
            name = name[: -len(suffix)]
            break
    return name.removesuffix(".html") or name


def decode(data: bytes) -> str:
    """The file's text with LF line ends. Raises Unreadable."""
    limit = MAX_OWN_BYTES if front_matter.is_own(data) else MAX_BYTES
    if len(data) > limit:
        raise Unreadable(_("It is larger than %(limit)d MB.") % {"limit": limit // 1024 // 1024})
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(_("It is not UTF-8 (byte %(position)d).") % {"position": error.start}) from None
    if "\0" in text:
        raise Unreadable(_("It contains a NUL character."))
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_file(root: Path, path: str, defaults: Defaults) -> Document:
    """The Document of the file `path` below `root`. Raises Unreadable."""
    if printable(path) != path:
        raise Unreadable(_("Its name has characters that are not printable or not UTF-8; rename it."))
    if not _is_inside(root / path, root):
        raise Unreadable(_("It is a link that leads out of the folder; it was not followed."))
    try:
        if not stat.S_ISREG((root / path).stat().st_mode):  # to open a pipe is to wait for who writes into it
            raise Unreadable(_("It is a pipe, a socket or a device, not a file; it was not opened."))
        with (root / path).open("rb") as file:
            data = file.read(MAX_OWN_BYTES + 1)  # more than that is refused unread
    except OSError as error:
        raise Unreadable(_("It cannot be read: %(reason)s") % {"reason": error.strerror or error}) from None
    document = parse(data, path=path, defaults=defaults, folder=(root / path).parent)
    for image in document.images.values():
        if not _is_inside(image, root):
            raise Unreadable(
                _("The image %(name)s is a link that leads out of the folder; it was not followed.")
                % {"name": printable(image.name)}
            )
    return document


def parse(data: bytes, *, path: str, defaults: Defaults, folder: Path | None = None) -> Document:
    """The Document of a file's bytes. Raises Unreadable with the reason for people."""
    meta, body = front_matter.split(decode(data))
    content = empty_content() | {
        "kind": defaults.kind,
        "language": defaults.language,
        "audience": defaults.audience,
        "product_line": defaults.product_line,
        "applies_to": [dict(row) for row in defaults.applies_to],
        "error_codes": [dict(code) for code in defaults.error_codes],
    }
    document = Document(content, own_format=own_format.KEY in meta, owner=defaults.owner, team=defaults.team)
    if document.own_format:
        content |= {"applies_to": [], "error_codes": [], "product_line": ""}
        fields, content["steps"] = own_format.read(meta, body)
        if not fields.get("number") or not fields.get("title"):
            raise Unreadable(_("It needs a number and a title."))
    else:
        fields = front_matter.foreign_fields(meta)
    document.owner = fields.pop("owner", document.owner)
    document.team = fields.pop("team", document.team)
    document.change_summary = fields.pop("change_summary", "")
    content |= fields
    if document.own_format:
        _check_lengths(content)
        if folder is not None:
            document.images = _images(content, folder)
    else:
        _outline(document, body, path, defaults)
    _check_depth(content)
    _add_codes(document, body, path, defaults)
    return document


def _check_depth(content: Mapping[str, Any]) -> None:
    """Raise Unreadable for lists that rendering would take minutes over, or fail at."""
    texts = [content["safety"]]
    texts += [step[name] for step in content["steps"] for name in ("body", "expected", "caution")]
    if any(list_depth(text) > MAX_DEPTH for text in texts):
        raise Unreadable(
            _("Its lists or quotations are nested more than %(limit)d levels deep.") % {"limit": MAX_DEPTH}
        )


def _outline(document: Document, body: str, path: str, defaults: Defaults) -> None:
    content = document.content
    found = foreign.outline(
        body,
        title=content["title"],
        stem=stem(path),
        language=content["language"],
        title_from=defaults.title_from,
        summary=content["summary"],
    )
    content |= {"title": found.title, "summary": found.summary, "steps": found.steps}
    document.notes += found.notes


def _check_lengths(content: Mapping[str, Any]) -> None:
    """Our own format is exact, so what does not fit is refused, not cut."""
    if any(
        len(title) > MAX_TITLE for title in (content["title"], *(step["title"] for step in content["steps"]))
    ):
        raise Unreadable(_("A title is longer than 255 characters."))


def _images(content: Mapping[str, Any], folder: Path) -> dict[str, Path]:
    """The files of the steps' images by SHA-256. Raises Unreadable where one is missing."""
    images: dict[str, Path] = {}
    for digest in {image["sha256"] for step in content["steps"] for image in step["images"]}:
        files = sorted(file for file in (folder / IMAGE_FOLDER).glob(f"{digest}.*") if file.is_file())
        if not files:
            raise Unreadable(_("The image %(name)s is missing.") % {"name": f"{IMAGE_FOLDER}/{digest}"})
        images[digest] = files[0]
    return images


def _add_codes(document: Document, body: str, path: str, defaults: Defaults) -> None:
    """Complete the error codes: their product line, where the file names one, and the code that the file's name or
    title is."""
    content = document.content
    line = content["product_line"]
    codes = {(code["product_line"] or line, code["code"]) for code in content["error_codes"]}
    found = ""
    if defaults.codes_from == "file-name":
        found = stem(path)
    elif defaults.codes_from == "title":
        title = content["title"]
        match = _CODE.search(title) or _ALERT.fullmatch(title)
        found = match[0] if match else ""
    if document.own_format:
        found = ""
    if len(found) > _MAX_CODE:
        note = _("Its error code “%(code)s” has more than %(most)d characters; it goes in without that code.")
        document.notes.append(note % {"code": foreign.cut(found, _MAX_CODE), "most": _MAX_CODE})
    elif found:
        codes.add((line, found))
        document.new_codes = {found: first_sentence(body) or content["title"]}
    content["error_codes"] = [{"product_line": code_line, "code": code} for code_line, code in sorted(codes)]
