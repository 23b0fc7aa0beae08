"""The YAML at the head of a Markdown file, and what we take from it."""

import re
from collections.abc import Mapping
from typing import Any

import yaml
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from frontmatter.default_handlers import SafeLoader, YAMLHandler

from procedures.content import clean_text
from procedures.importing.documents import Unreadable
from procedures.models import Audience, Importance, Kind
from procedures.models.page import number_validator

MAX_HEAD = 256 * 1024
"""Bytes of front matter that a foreign file may have. One of our own form holds every step of a procedure in it,
and may have as much as a whole file; reading takes time by its length, since nothing in it can refer to itself."""
OWN_KEY = "redline"
_OWN = re.compile(rb"(?:\xef\xbb\xbf)?---[ \t]*\r?\n" + OWN_KEY.encode() + b":")
_FIELD = re.compile(r"---[ \t]*\n\s*([A-Za-z_][\w-]*)[ \t]*:(?=\s)")
_MAX_DEPTH = 40
_MAX_DIGITS = 40


class _Loader(SafeLoader):  # type: ignore[valid-type,misc]  # the C one, else the Python one
    """YAML without dates: none of our fields is one, and a date that is none must not cost the file."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in SafeLoader.yaml_implicit_resolvers.items()
}


def _whole_number(loader: Any, node: yaml.ScalarNode) -> Any:
    # No field of ours has so many digits, and Python takes its time over them.
    return loader.construct_yaml_int(node) if len(node.value) <= _MAX_DIGITS else str(node.value)


_Loader.add_constructor("tag:yaml.org,2002:int", _whole_number)

# The package's own boundary takes four dashes and the blank lines after them; ours is exact.
_HANDLER = YAMLHandler(fm_boundary=re.compile(r"^---[ \t]*(?:\n|\Z)", re.MULTILINE))
_LANGUAGES = {
    "en": "en", "en-us": "en", "en-gb": "en", "english": "en",
    "zh": "zh-hans", "zh-cn": "zh-hans", "zh-hans": "zh-hans", "chinese": "zh-hans",
}  # fmt: skip
MAX_NUMBER = 120
_MAX_TEAM = 120
_MAX_MINUTES = 10_000


def is_own(beginning: bytes) -> bool:
    """Whether a file that begins so is of our own form, as an export writes it: the key comes first."""
    return _OWN.match(beginning) is not None


def split(text: str) -> tuple[dict[str, Any], str]:
    """(front matter, rest); ({}, text) where the text has none. Raises Unreadable for bad YAML."""
    if not _HANDLER.detect(text):
        return {}, text
    try:
        head, body = _HANDLER.split(text)
    except ValueError:  # a rule on the first line, and no second one
        if _begins_front_matter(text):
            raise Unreadable(_("Its front matter has no end: a second line --- is missing.")) from None
        return {}, text
    if len(head.encode()) > MAX_HEAD and not is_own(text[:100].encode()):
        raise Unreadable(_("Its front matter is larger than %(limit)d KB.") % {"limit": MAX_HEAD // 1024})
    head = "\n" + head  # for the line of the first ---, so that YAML counts the lines as an editor does
    try:
        _check_plain(head)
        found = yaml.load(head, Loader=_Loader)  # a SafeLoader
    # A tag that does not fit its value ("!!timestamp x") fails in PyYAML in ways of its own.
    except (yaml.YAMLError, ValueError, RecursionError, LookupError, AttributeError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise Unreadable(_("Its front matter is not YAML: %(reason)s") % {"reason": reason}) from None
    if found is None:
        return {}, body
    return (
        ({str(name): value for name, value in found.items()}, body) if isinstance(found, dict) else ({}, text)
    )


def _begins_front_matter(text: str) -> bool:
    """Whether what follows the first line is a field, not prose: `title: x`, not "Note: x" or a heading."""
    found = _FIELD.match(text)
    return found is not None and (found[1].islower() or found[1].lower() in {*_READERS, *_FOREIGN, OWN_KEY})


def _check_plain(head: str) -> None:
    """Raise Unreadable for YAML that refers to its own parts: a few lines of it can grow without bound.

    Looks at the parser's events only, so nothing has grown yet.
    """
    depth = 0
    for event in yaml.parse(head, Loader=_Loader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            refers = True
        else:
            refers = isinstance(event, yaml.ScalarEvent) and event.value == "<<" and event.implicit[0]
        if refers:
            raise Unreadable(
                _(
                    "Line %(line)d of its front matter has an anchor, an alias or a merge key (&, *, <<); "
                    "write the values out."
                )
                % {"line": _line(event)}
            )
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _MAX_DEPTH:
                raise Unreadable(
                    _("Its front matter is nested more than %(limit)d levels deep.") % {"limit": _MAX_DEPTH}
                )
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def fields(meta: Mapping[str, Any]) -> dict[str, Any]:
    """Those of our fields that the front matter has, in canonical form, and `team`, `owner`, `change_summary`.

    Unknown keys are ignored. Raises Unreadable for a value that the field cannot hold.
    """
    return {name: read(name, meta[name]) for name, read in _READERS.items() if meta.get(name) is not None}


def foreign_fields(meta: Mapping[str, Any]) -> dict[str, Any]:
    """The same of a file that is not of our own form, which may name its models and codes in fewer words."""
    found = fields(meta)
    for short, (name, read) in _FOREIGN.items():
        if meta.get(short) is None:
            continue
        if name in found:
            raise Unreadable(
                _("Its front matter has both %(short)s and %(name)s; keep one of them.")
                % {"short": short, "name": name}
            )
        found[name] = read(short, meta[short])
    return found


def step_fields(meta: Any) -> dict[str, Any]:
    """One step of our own format without its body. Raises Unreadable."""
    if not isinstance(meta, dict) or not meta.get("id"):
        raise Unreadable(_("Every one of the steps needs an id."))
    minutes = meta.get("minutes")
    if minutes is not None and (type(minutes) is not int or not 0 <= minutes <= _MAX_MINUTES):
        raise _bad("minutes", minutes)
    return {
        "id": _text("id", meta["id"]),
        "title": _text("title", meta.get("title", "")),
        "body": "",
        "expected": _text("expected", meta.get("expected", "")),
        "caution": _text("caution", meta.get("caution", "")),
        "images": [_image(image) for image in _rows("images", meta.get("images") or [])],
        "minutes": minutes,
        "importance": _choice(Importance)("importance", meta.get("importance") or Importance.NORMAL),
    }


def _bad(name: str, value: object) -> Unreadable:
    return Unreadable(_("%(field)s cannot be %(value)s.") % {"field": name, "value": repr(value)[:100]})


def _text(name: str, value: object) -> str:
    if isinstance(value, bool | list | dict) or "\0" in str(value):
        raise _bad(name, value)
    return clean_text("" if value is None else str(value))


def _choice(choices: Any) -> Any:
    def read(name: str, value: object) -> str:
        if value not in choices.values:
            known = ", ".join(choices.values)
            raise Unreadable(
                _("%(field)s cannot be %(value)s; it is one of: %(known)s.")
                % {"field": name, "value": repr(value)[:100], "known": known}
            )
        return str(value)

    return read


def _language(name: str, value: object) -> str:
    try:
        return _LANGUAGES[str(value).lower().replace("_", "-")]
    except KeyError:
        raise _bad(name, value) from None


def _number(name: str, value: object) -> str:
    number = _text(name, value)
    if not is_number(number):
        raise _bad(name, value)
    return number


def is_number(text: str) -> bool:
    """Whether a procedure can have it as its number."""
    try:
        number_validator(text)
    except ValidationError:
        return False
    return len(text) <= MAX_NUMBER


def _team(name: str, value: object) -> str:
    team = _text(name, value)
    if len(team) > _MAX_TEAM:
        raise _bad(name, value)
    return team


def _texts(name: str, value: object) -> list[str]:
    values = value if isinstance(value, list) else [value]
    return [text for item in values if (text := _text(name, item))]


def _rows(name: str, value: object) -> list[Any]:
    if not isinstance(value, list):
        raise _bad(name, value)
    return value


def _version(name: str, value: object) -> str:
    # YAML reads 2.10 as 2.1: a version that is not quoted may already be another one.
    if isinstance(value, float | int):
        raise Unreadable(
            _("%(field)s: put the software version %(value)s in quotes.") % {"field": name, "value": value}
        )
    return _text(name, value)


def _applies_to(name: str, value: object) -> list[dict[str, Any]]:
    rows = []
    for row in _rows(name, value):
        if not isinstance(row, dict) or not row.get("model"):
            raise _bad(name, row)
        rows.append(
            {
                "model": _text("model", row["model"]),
                "from": _version("from", row.get("from", "")),
                "before": _version("before", row.get("before", "")),
                "options": sorted(_texts("options", row.get("options") or [])),
            }
        )
    return rows


def _error_codes(name: str, value: object) -> list[dict[str, str]]:
    """The codes; one without a product line is of the procedure's own."""
    codes = []
    for code in value if isinstance(value, list) else [value]:
        row = code if isinstance(code, dict) else {"code": code}
        if not _text(name, row.get("code", "")):
            raise _bad(name, code)
        codes.append(
            {"product_line": _text(name, row.get("product_line", "")), "code": _text(name, row["code"])}
        )
    return codes


def _models(name: str, value: object) -> list[dict[str, Any]]:
    """Whole models by their codes, whatever software and options they have."""
    return [
        {"model": code, "from": "", "before": "", "options": []}
        for code in dict.fromkeys(_texts(name, value))
    ]


def _image(image: object) -> dict[str, str]:
    if not isinstance(image, dict) or not re.fullmatch(r"[0-9a-f]{64}", str(image.get("sha256"))):
        raise _bad("images", image)
    return {"sha256": image["sha256"], "alt": _text("alt", image.get("alt", ""))}


_READERS: Mapping[str, Any] = {
    "number": _number,
    "title": _text,
    "kind": _choice(Kind),
    "language": _language,
    "audience": _choice(Audience),
    "product_line": _text,
    "team": _team,
    "owner": _text,
    "summary": _text,
    "change_summary": _text,
    "safety": _text,
    "tools": _texts,
    "parts": _texts,
    "skills": _texts,
    "applies_to": _applies_to,
    "error_codes": _error_codes,
}
_FOREIGN: Mapping[str, tuple[str, Any]] = {
    "models": ("applies_to", _models),
    "codes": ("error_codes", _error_codes),
}
