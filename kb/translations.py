"""The interface's texts: found in code and templates, kept in one catalogue, compiled without system gettext.

Templates are turned into what gettext can read by Django's own `templatize`; Babel does the rest.
"""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract as babel_extract
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

LOCALE = "zh_Hans"
# What marks a text: gettext's names and Django's, the number telling which argument is what.
KEYWORDS = {
    "_": None, "gettext": None, "gettext_lazy": None, "gettext_noop": None,
    "ngettext": (1, 2), "ngettext_lazy": (1, 2), "pgettext": ((1, "c"), 2), "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}  # fmt: skip
PACKAGES = ("kb", "procedures", "review", "search")


def catalogue_path() -> Path:
    return Path(settings.LOCALE_PATHS[0]) / LOCALE / "LC_MESSAGES" / "django.po"


def _sources() -> Iterator[tuple[Path, str]]:
    """(file, Python-like source) of everything that holds texts for people."""
    base = Path(settings.BASE_DIR)
    for package in PACKAGES:
        for file in sorted((base / package).rglob("*.py")):
            if "migrations" not in file.parts:
                yield file, file.read_text(encoding="utf-8")
    templates = base / "templates"
    for file in sorted([*templates.rglob("*.html"), *templates.rglob("*.txt")]):
        source = templatize(file.read_text(encoding="utf-8"), origin=str(file))
        # Python's tokeniser minds the indentation that a template's lines happen to have.
        yield file, "\n".join(line.lstrip() for line in source.split("\n"))


def extract() -> Catalog:
    """A catalogue of every text marked for translation, with where it stands."""
    catalog = Catalog(locale=LOCALE, project="Redline", charset="utf-8", fuzzy=False)
    for file, source in _sources():
        place = file.relative_to(settings.BASE_DIR).as_posix()
        for _line, message, comments, context in babel_extract(
            "python", BytesIO(source.encode()), KEYWORDS, ["Translators:"], {"encoding": "utf-8"}
        ):
            catalog.add(message, context=context, locations=[(place, 0)], auto_comments=comments)
    return catalog


def read() -> Catalog:
    path = catalogue_path()
    if not path.exists():
        return Catalog(locale=LOCALE, charset="utf-8", fuzzy=False)
    with path.open("rb") as file:
        return read_po(file, locale=LOCALE)


def update() -> int:
    """Bring the catalogue up to the code, keep what is translated; returns how many texts still are not."""
    catalog = read()
    catalog.update(extract(), no_fuzzy_matching=True)
    catalog.obsolete.clear()
    path = catalogue_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalog, width=110, sort_output=True, include_lineno=False, ignore_obsolete=True)
    return sum(1 for message in catalog if message.id and not _translated(message))


def problems() -> list[str]:
    """Each text that is not translated, is marked fuzzy, is no longer used, or breaks its placeholders."""
    catalog, found = read(), extract()
    complaints = []
    for message in found:
        if not message.id:
            continue
        known = catalog.get(message.id, context=message.context)
        if known is None or not _translated(known):
            complaints.append(
                f"not translated: {message.id!r} ({', '.join(p for p, _ in message.locations[:2])})"
            )
    for message in catalog:
        if not message.id:
            continue
        if found.get(message.id, context=message.context) is None:
            complaints.append(f"no longer used: {message.id!r}")
        if message.fuzzy:
            complaints.append(f"fuzzy: {message.id!r}")
        complaints += [f"{message.id!r}: {error}" for error in message.check(catalog)]
    return complaints


def _translated(message: Message) -> bool:
    strings = message.string if isinstance(message.string, (tuple, list)) else [message.string]
    return bool(strings) and all(strings)
