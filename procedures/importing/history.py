"""The revisions of every file below a folder, as git tells them of the branch that is checked out."""

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from django.utils.translation import gettext as _

_TRAILER = re.compile(r"^[A-Z][A-Za-z-]+-by: .*$\n?", re.MULTILINE)
_ENTRY = re.compile(r"\n?:\d+ (\d+) [0-9a-f]+ ([0-9a-f]+) ([A-Z])\d*")
_FORMAT = "%x01%H%x02%at%x02%ct%x02%an%x02%B"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FILE_MODES = ("100644", "100755")


class NoHistory(Exception):
    """Why git tells nothing of this folder; the text is for people."""


@dataclass(frozen=True, slots=True)
class FileRevision:
    """A file's content after one commit; `path` is its name at that time, `date` when its author wrote it."""

    path: str
    blob: str
    commit: str
    date: datetime
    author: str
    message: str


@dataclass(slots=True)
class FolderHistory:
    """The revisions of each file there is, oldest first; of renamed files under the name they have now."""

    files: dict[str, list[FileRevision]] = field(default_factory=dict)
    deleted: dict[str, list[FileRevision]] = field(default_factory=dict)


def _git(root: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(["git", "-C", os.fspath(root), *arguments], capture_output=True, check=False)
    except OSError as error:
        raise NoHistory(_("git cannot be run: %(reason)s") % {"reason": error}) from None
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip()
        raise NoHistory(
            _("git cannot tell the history of %(root)s: %(reason)s") % {"root": root, "reason": reason}
        )
    return done.stdout.decode("utf-8", "surrogateescape")


def _utf8(text: str) -> str:
    """What somebody wrote, with a sign for what is not UTF-8; a path keeps such bytes, a record cannot."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def read_history(root: Path) -> FolderHistory:
    """The history of all files below `root`. Raises NoHistory.

    Follows the first parent: what a merge brought in is one revision. Who wrote it, when, and why, is taken
    from the commit on the side branch that wrote the very same content. The revisions are in the order in
    which they became the text, which their authors' dates need not be.
    """
    log = ("log", "--reverse", "--raw", "--no-abbrev", "-M", "-z", "--relative", f"--format={_FORMAT}")
    written = {
        (revision.path, revision.blob): revision
        for _status, _old, revision in _parse(_git(root, *log, "--no-merges", "--", "."))
    }
    history = FolderHistory()
    for status, old, revision in _parse(
        _git(root, *log, "--first-parent", "--diff-merges=first-parent", "--", ".")
    ):
        if status == "D":
            if old in history.files:
                history.deleted[old] = history.files.pop(old)
            continue
        if status == "R" and old in history.files:
            history.files[revision.path] = history.files.pop(old)
        elif status == "A" and revision.path in history.deleted:
            history.files[revision.path] = history.deleted.pop(revision.path)
        source = written.get((revision.path, revision.blob), revision)
        history.files.setdefault(revision.path, []).append(
            FileRevision(
                revision.path, revision.blob, revision.commit, source.date, source.author, source.message
            )
        )
    return history


def _moment(seconds: str) -> datetime | None:
    """The time that git tells in seconds since 1970; None for a date that is broken or not of this era."""
    try:
        return _EPOCH + timedelta(seconds=int(seconds))
    except (ValueError, OverflowError):
        return None


def _parse(log: str) -> Iterator[tuple[str, str, FileRevision]]:
    """(status letter, the path before, the revision) of each entry of the log, commit by commit."""
    for record in log.split("\x01")[1:]:
        head, *fields = record.split("\0")
        commit, authored, committed, author, message = head.split("\x02", 4)
        at, author = _moment(authored) or _moment(committed) or _EPOCH, _utf8(author)
        text = _TRAILER.sub("", _utf8(message)).strip()
        rest = iter(fields)
        for entry in rest:
            if (found := _ENTRY.fullmatch(entry)) is None:
                continue
            mode, blob, status = found.groups()
            old = path = next(rest)
            if status in "RC":
                path = next(rest)
            if status == "D" or mode in _FILE_MODES:
                yield status, old, FileRevision(path, blob, commit, at, author, text)


class BlobReader:
    """Contents by their git name, through one `git cat-file` for them all."""

    def __init__(self, root: Path) -> None:
        self._process = subprocess.Popen(
            ["git", "-C", os.fspath(root), "cat-file", "--batch"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        stdin, stdout = self._pipes()
        stdin.close()
        stdout.close()
        self._process.wait()

    def read(self, blob: str) -> bytes:
        """The bytes of the blob. Raises KeyError where git has none of that name."""
        stdin, stdout = self._pipes()
        stdin.write(f"{blob}\n".encode())
        stdin.flush()
        head = stdout.readline().split()
        if len(head) < 3:
            raise KeyError(blob)
        data = stdout.read(int(head[2]))
        stdout.read(1)
        return data

    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        assert self._process.stdin is not None  # both were asked for
        assert self._process.stdout is not None
        return self._process.stdin, self._process.stdout
