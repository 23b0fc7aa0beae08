"""The record of one procedure as JSON: its events and every row they seal, verified from the file alone.

{"redline_audit_record": 1, "number", "exported_at", "head": {"sequence", "hash"} of the whole chain then,
 "events": [{the fields of procedures.audit.canonical, "hash"}], "rows": [{"model", "pk", "form", "fields"}]}
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from types import NoneType
from typing import Any

from django.apps import apps
from django.utils import timezone
from django.utils.translation import gettext as _

from procedures.audit.canonical import EVENT_FIELDS, plain
from procedures.audit.chain import ChainWalk, row_problems
from procedures.audit.recording import misfits_in_words
from procedures.audit.sealing import Facts, Finding, final_findings, sealed_models
from procedures.audit.versions import HASHES
from procedures.models import AuditEvent, AuditHead, ProcedurePage
from procedures.models.audit import MISFITS

RECORD_FORMAT = 1
_MARK = "redline_audit_record"
_NAMES = {_MARK, "number", "exported_at", "head", "events", "rows"}
_HASH = re.compile(r"[0-9a-f]{64}")
_WHOLE, _TEXT, _KEY = (int,), (str,), (int, NoneType)
_EVENT_FORM = {
    "format": _WHOLE, "sequence": _WHOLE, "kind": _TEXT, "page": _KEY, "version": _KEY, "actor": _KEY,
    "actor_name": _TEXT, "happened_at": _TEXT, "recorded_at": _TEXT, "data": (dict,), "seals": (dict,),
    "previous_hash": _TEXT, "previous_of_page": _TEXT, "hash": _TEXT,
}  # fmt: skip
_ROW_FORM = {"model": _TEXT, "pk": _WHOLE, "form": _WHOLE, "fields": (dict,)}


class NoRecord(ValueError):
    """The file is no record that this release can read; says why."""


def procedure_record(page: ProcedurePage, at: datetime | None = None) -> dict[str, Any]:
    """The record of the procedure as it stands; rows that the events seal and that are gone are left out."""
    events, keys = [], defaultdict(set)
    for event in AuditEvent.objects.filter(page=page).order_by("sequence").iterator(chunk_size=500):
        fields = {
            name: plain(getattr(event, f"{name}_id" if name in ("page", "version", "actor") else name))
            for name in EVENT_FIELDS
        }
        events.append(fields | {"hash": event.hash})
        for key in event.seals:
            label, _colon, pk = key.rpartition(":")
            keys[label].add(int(pk))
    forms = {key: int(seal.partition(":")[0]) for event in events for key, seal in event["seals"].items()}
    rows = [
        sealed.row(pk, fields, forms[f"{label}:{pk}"])
        for label, sealed in sealed_models().items()
        for pk, fields in sealed.rows(sorted(keys[label]))
        if fields is not None
    ]
    head = AuditHead.objects.filter(pk=1).first() or AuditHead()
    return {
        _MARK: RECORD_FORMAT,
        "number": _number(events) or page.number,
        "exported_at": plain(at or timezone.now()),
        "head": {"sequence": head.sequence, "hash": head.hash},
        "events": events,
        "rows": rows,
    }


def page_numbered(number: str) -> ProcedurePage | None:
    """The procedure that has this number now, or had it in a version."""
    pages = ProcedurePage.objects
    return pages.filter(number=number).first() or pages.filter(versions__number=number).first()


def what_it_says(data: Mapping[str, Any]) -> str:
    """What a person said in an event, as one line: a reason, a stage, what a signature says, a summary."""
    if data.get("reason"):
        return str(data["reason"])
    if MISFITS in data:
        return misfits_in_words(data[MISFITS])
    if "meaning" in data:
        said = [data.get("stage", ""), choice_label("review.signature", "meaning", data["meaning"])]
        if represented := data.get("on_behalf_of"):
            said.append(_("for %(name)s") % {"name": represented})
        said.append(data.get("comment", ""))
        return " · ".join(str(text) for text in said if text)
    if stages := data.get("stages") or ([data["stage"]] if data.get("stage") else []):
        return " · ".join(map(str, stages))
    if "superseded_by" in data:
        return _("by version %(label)s") % {"label": data["superseded_by"]}
    return str(data.get("change_summary") or data.get("comment") or "")


def choice_label(label: str, column: str, value: Any) -> str:
    """The value of a column of choices in the reader's words; as it is where it is none of them."""
    choices = apps.get_model(label)._meta.get_field(column).flatchoices
    return str(dict(choices).get(value, value))


def write_record(record: Mapping[str, Any], path: Path) -> None:
    path.write_text(
        json.dumps(record, ensure_ascii=False, sort_keys=True, indent=1) + "\n",
        encoding="utf-8",
        newline="\n",
    )


def read_record(path: Path) -> dict[str, Any]:
    """The record in the file. Raises NoRecord, OSError."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_once)
        # Half a character, or what is no number, could be neither hashed nor shown.
        json.dumps(record, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise NoRecord(_("It is no readable JSON: %(reason)s") % {"reason": error}) from None
    if not isinstance(record, dict) or not _is_whole(record.get(_MARK)) or record[_MARK] != RECORD_FORMAT:
        raise NoRecord(_("It is no audit record of a format that is known here."))
    if record.keys() != _NAMES or not _is_head(record["head"]) or not isinstance(record["number"], str):
        raise NoRecord(_("It has parts that a record does not have, or lacks some that it has."))
    for name, form in (("events", _EVENT_FORM), ("rows", _ROW_FORM)):
        parts = record[name]
        if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
            raise NoRecord(_("Its events or rows are not complete."))
        for place, part in enumerate(parts, 1):
            if part.keys() != form.keys():
                raise NoRecord(_("Its events or rows are not complete."))
            if wrong := [key for key, types in form.items() if type(part[key]) not in types]:
                raise NoRecord(
                    _(
                        "In %(part)s, number %(place)d, this is not of the kind that a record has there: %(names)s."
                    )
                    % {"part": name, "place": place, "names": ", ".join(wrong)}
                )
    if not record["events"]:
        raise NoRecord(_("It holds no event: it is the record of nothing."))
    return record


def _is_whole(value: Any) -> bool:
    return type(value) is int  # True and 1.0 are equal to 1 as well


def _is_head(head: Any) -> bool:
    return (
        isinstance(head, dict)
        and head.keys() == {"sequence", "hash"}
        and _is_whole(head["sequence"])
        and 0 <= head["sequence"] < 2**63
        and isinstance(head["hash"], str)
        and _HASH.fullmatch(head["hash"]) is not None
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose every name stands once: of two, one reader would take the first, another the last."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def record_findings(record: Mapping[str, Any], chain: ChainWalk) -> Iterator[Finding]:
    """What does not fit in a record that read_record gave; `chain` is a new walk, told of the events."""
    events, models = record["events"], sealed_models()
    for event in events:
        for problem in chain.take(event):
            yield Finding("events", event["sequence"], problem)
        if event["page"] != events[0]["page"]:
            yield Finding("events", event["sequence"], _("It is about another procedure."))
    yield from _head_findings(record["head"], chain)
    if not _is_moment(record["exported_at"]):
        yield Finding("exported_at", str(record["exported_at"]), _("It is no time in UTC."))
    if record.get("number") != _number(events):
        yield Finding("number", str(record.get("number")), _("The events are about another number."))
    yield from chain.misfits()
    facts: Facts = defaultdict(dict)
    facts[HASHES] = dict(chain.hashes)
    place = {label: position for position, label in enumerate(models)}
    for row in sorted(record["rows"], key=lambda row: place.get(row["model"], len(place))):
        label, pk = row["model"], row["pk"]
        if label not in models:
            yield Finding(label, str(pk), _("It is no row of a table that is known here."))
            continue
        sealed_as = chain.seals.get(label, {}).pop(pk, None)

        def as_it_is(form: int, row: Mapping[str, Any] = row) -> Mapping[str, Any]:
            return row

        for problem in row_problems(models[label], pk, row["fields"], as_it_is, sealed_as, facts):
            yield Finding(label, pk, problem)
    for label, left in chain.seals.items():
        for pk, (_seal, sequence) in sorted(left.items()):
            yield Finding(
                label, pk, _("It is missing; event %(sequence)d sealed it.") % {"sequence": sequence}
            )
    yield from final_findings(facts)


def _head_findings(head: Mapping[str, Any], chain: ChainWalk) -> Iterator[Finding]:
    """The end of the whole chain that the record names cannot lie before its own last event."""
    if head["sequence"] < chain.sequence:
        yield Finding("head", head["sequence"], _("It lies before the last event of the record."))
    elif head["sequence"] == chain.sequence and head["hash"] != chain.hash:
        yield Finding("head", head["sequence"], _("It is not the hash of that event."))


def _is_moment(text: Any) -> bool:
    """Whether it is a time as plain() writes it."""
    try:
        return isinstance(text, str) and plain(datetime.fromisoformat(text)) == text
    except ValueError:
        return False


def _number(events: list[dict[str, Any]]) -> str:
    """The number by which the newest event that names one names the procedure."""
    named = [event["data"] for event in events if isinstance(event["data"], dict)]
    return next((str(data["number"]) for data in reversed(named) if "number" in data), "")
