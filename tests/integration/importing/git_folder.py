"""A small git repository whose commits a test writes itself."""

import os
import subprocess
from pathlib import Path


class GitFolder:
    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        self._day = 0
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str, author: str = "Ann", written: str = "") -> str:
        identity = {"GIT_AUTHOR_NAME": author, "GIT_AUTHOR_EMAIL": "a@example.org",
                    "GIT_COMMITTER_NAME": "Bot", "GIT_COMMITTER_EMAIL": "b@example.org"}  # fmt: skip
        if self._day:
            stamp = f"2024-01-{self._day:02d}T12:00:00+00:00"
            identity |= {"GIT_AUTHOR_DATE": written or stamp, "GIT_COMMITTER_DATE": stamp}
        done = subprocess.run(
            ["git", "-C", os.fspath(self.root), *arguments],
            env=os.environ | identity,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    def write(self, path: str, text: str | bytes) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())

    def commit(
        self,
        message: str,
        files: dict[str, str | bytes] | None = None,
        author: str = "Ann",
        written: str = "",
    ) -> None:
        """One commit a day, from 2024-01-01 on, written that day or on the date that `written` says."""
        self._day += 1
        for path, text in (files or {}).items():
            self.write(path, text)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message, author=author, written=written)
