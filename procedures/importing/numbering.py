"""The number of each file of a set, and the addresses that links between the files become."""

import hashlib
import posixpath
import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from urllib.parse import unquote

from anyascii import anyascii
from django.urls import reverse

from procedures.importing.front_matter import MAX_NUMBER
from procedures.importing.readers import SUFFIXES, stem

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def safe(text: str) -> str:
    """The text as a part of a number: ASCII letters, digits, dots, hyphens and underscores."""
    return _UNSAFE.sub("-", anyascii(text)).strip("-._")


def prefix_of(set_name: str) -> str:
    """The number prefix of a set that names none: `openshift` gives `OPENSHIFT-`."""
    return f"{name}-" if (name := safe(set_name).upper()) else ""


def numbers(paths: Iterable[str], prefix: str) -> dict[str, str]:
    """A number for each path: prefix and stem; where stems are equal, with the folders that tell them apart.

    Depends on the paths only, not on their order: the caller gives all of them, every time. No two are equal,
    whatever their letters' case.
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    # Where a stem is also another file's folders and stem, the file that needs fewer folders has the name.
    for _depth, names in sorted(_names(paths), key=lambda group: (group[0], list(group[1]))):
        for path, name in names.items():
            if not name or name.casefold() in taken or len(prefix + name) > MAX_NUMBER:
                name = _with_digest(name, path, MAX_NUMBER - len(prefix), taken)
            taken.add(name.casefold())
            found[path] = prefix + name
    return found


def _names(paths: Iterable[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """(how many folders, the name of each path) of the paths of each stem."""
    groups: dict[str, list[str]] = {}
    for path in sorted(paths):
        groups.setdefault(safe(stem(path)).casefold(), []).append(path)
    for group in groups.values():
        depth = 0
        names = {path: _name(path, depth) for path in group}
        while len({name.casefold() for name in names.values()}) < len(group) and depth < 20:
            depth += 1
            names = {path: _name(path, depth) for path in group}
        yield depth, names


def _with_digest(name: str, path: str, most: int, taken: Container[str]) -> str:
    """The name with the digest of its path: it tells apart what letters alone cannot, or cannot hold."""
    digest = hashlib.sha256(path.encode("utf-8", "surrogateescape")).hexdigest()
    for length in (8, 16, 32, 64):
        told = f"{name[: max(0, most - length - 1)]}-{digest[:length]}".lstrip("-")
        if told.casefold() not in taken:
            break
    return told


def _name(path: str, folders: int) -> str:
    parts = path.split("/")[:-1]
    return "-".join(
        part for part in map(safe, [*parts[len(parts) - folders :][: folders or 0], stem(path)]) if part
    )


def link_resolver(path: str, targets: Mapping[str, str]) -> Callable[[str], str | None]:
    """What a link in the file `path` becomes: the procedure's address where it leads to a file of the set.

    `targets` is made by `link_targets`. A link from the root of the other site, which would be dead here,
    becomes a relative one, of which rendering shows the text alone. None: leave it as it is.
    """

    def resolve(link: str) -> str | None:
        address = unquote(link).partition("#")[0].partition("?")[0]
        if not address or re.match(r"[A-Za-z][A-Za-z0-9+.-]*:|//", link):
            return None
        if address.startswith("/"):
            wanted = posixpath.normpath(address).lstrip("/")
        else:
            wanted = posixpath.normpath(posixpath.join(posixpath.dirname(path), address))
        found = targets.get(wanted) or targets.get(f"{wanted}/index") or targets.get(f"{wanted}/README")
        if found:
            return found
        if link.startswith("/") and not link.startswith("/procedures/"):
            return link.lstrip("/") or None
        return None

    return resolve


def link_targets(numbers_by_path: Mapping[str, str]) -> dict[str, str]:
    """The procedure's address by whatever a link calls its file: path, path without ending, built page."""
    addresses = {
        path: reverse("procedures:latest", args=[number]) for path, number in numbers_by_path.items()
    }
    targets: dict[str, str] = {}
    for path, address in addresses.items():
        for suffix in SUFFIXES:
            if path.lower().endswith(suffix):
                bare = path[: -len(suffix)].removesuffix(".html")
                for name in (f"{bare}.html", bare):
                    targets.setdefault(name, address)
                break
    return targets | addresses
