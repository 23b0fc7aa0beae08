"""The record of a procedure as HTML for paper."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.template.loader import render_to_string
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from procedures.audit.recording import kind_label
from procedures.audit.records import choice_label, what_it_says
from procedures.models import AuditKind, ProcedureVersion, VersionStatus

# Rows of the review, which lies above this package: they are known by the names that the record has for them.
VERSION, RELEASE = ProcedureVersion._meta.label_lower, "review.release"
STAGE, SIGNATURE, REMARK = "review.stage", "review.signature", "review.remark"
_PEOPLE = {RELEASE: ("submitted_by", "ended_by"), SIGNATURE: ("on_behalf_of",), REMARK: ("author",)}
Row = dict[str, Any]


def record_html(record: Mapping[str, Any], *, file_name: str) -> str:
    """The record (procedures.audit.records) as one HTML document; `file_name` is the JSON beside it.

    Names are those that the events and signatures hold; of who is only named by key, the account's name today.
    """
    tables: dict[str, list[Row]] = defaultdict(list)
    for row in record["rows"]:
        tables[row["model"]].append(_readable(row))
    _name_people(tables)
    for version in tables[VERSION]:
        version["called_off"] = _was_called_off(version, record["events"])
        if version["called_off"]:
            version["status_label"] = _("Called off")
        never = version["called_off"] or version["status"] == VersionStatus.APPROVED
        version["in_force_since"] = "" if never else version["effective_from"]
    versions = sorted(tables[VERSION], key=lambda version: (version["major"], version["minor"]))
    return render_to_string(
        "procedures/audit_record.html",
        {
            "record": record,
            "exported_at": _moment(record["exported_at"]),
            "file_name": file_name,
            "language": "zh-Hans" if get_language() == "zh-hans" else "en",
            "versions": versions,
            "in_force": next((row for row in versions if row["status"] == VersionStatus.EFFECTIVE), None),
            "releases": _releases(tables, {version["pk"]: version for version in versions}),
            "events": [
                {
                    **{name: event[name] for name in ("sequence", "actor_name", "hash")},
                    "happened_at": _moment(event["happened_at"]),
                    "label": kind_label(event["kind"]),
                    "text": what_it_says(event["data"]),
                    "version": event["data"].get("version", ""),
                }
                for event in record["events"]
            ],
        },
    )


def _was_called_off(version: Row, events: Iterable[Mapping[str, Any]]) -> bool:
    """As ProcedureVersion.was_called_off, from the record alone."""
    if version["status"] != VersionStatus.WITHDRAWN:
        return False
    kinds = {event["kind"] for event in events if event["version"] == version["pk"]}
    return bool(
        version["withdrawn_at"] < version["effective_from"]
        or (AuditKind.SCHEDULED in kinds and AuditKind.RELEASED not in kinds)
    )


def _releases(tables: Mapping[str, list[Row]], versions: Mapping[int, Row]) -> list[Row]:
    """What was submitted, in order, each with the version that came of it and its stages, signatures, remarks."""
    stages = {stage["pk"]: stage for stage in tables[STAGE]}
    for row in (*tables[SIGNATURE], *tables[REMARK]):
        stage = stages.get(row["stage_id"], {})
        row |= {"stage_name": stage.get("name", ""), "of_release": stage.get("release_id")}
    parts = {
        "stages": _by(tables[STAGE], "release_id", order="position"),
        "signatures": _by(tables[SIGNATURE], "release_id", order="signed_at"),
        "remarks": _by(tables[REMARK], "of_release", order="written_at"),
    }
    return [
        release
        | {"made": versions.get(release["version_id"])}
        | {name: of_release[release["pk"]] for name, of_release in parts.items()}
        for release in sorted(tables[RELEASE], key=lambda release: (release["submitted_at"], release["pk"]))
    ]


def _by(rows: Iterable[Row], column: str, *, order: str) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row[order], row["pk"])):
        found[row[column]].append(row)
    return found


def _readable(row: Mapping[str, Any]) -> Row:
    """The row's fields with times for people, and "…_label" beside each value that is one of a choice."""
    readable: Row = {"pk": row["pk"]}
    for field in apps.get_model(row["model"])._meta.concrete_fields:
        name = field.attname
        if name in row["fields"]:
            value = row["fields"][name]
            readable[name] = _moment(value) if name.endswith(("_at", "_from")) else value
            if field.choices:
                readable[f"{name}_label"] = choice_label(row["model"], name, value)
    return readable


def _moment(text: Any) -> str:
    """A canonical time without its fraction of a second: it is UTC, which the document says once."""
    return f"{text[:10]} {text[11:19]}" if text else ""


def _name_people(tables: Mapping[str, list[Row]]) -> None:
    named = [
        (row, name) for label, names in _PEOPLE.items() for row in tables.get(label, ()) for name in names
    ]
    users = get_user_model()._default_manager.in_bulk({row[f"{name}_id"] for row, name in named} - {None})
    for row, name in named:
        key = row[f"{name}_id"]
        row[name] = str(users.get(key, f"#{key}")) if key is not None else ""
