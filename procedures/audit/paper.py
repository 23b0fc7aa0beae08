"""The record of a procedure as HTML for paper."""

from collections.abc import Mapping
from typing import Any

from django.template.loader import render_to_string
from django.utils.translation import get_language

from procedures.audit.recording import kind_label
from procedures.audit.records import what_it_says
from procedures.models import ProcedureVersion, VersionStatus


def record_html(record: Mapping[str, Any], *, file_name: str) -> str:
    """The record (procedures.audit.records) as one HTML document; `file_name` is the JSON beside it."""
    statuses = dict(VersionStatus.choices)
    versions = [row["fields"] for row in record["rows"] if row["model"] == ProcedureVersion._meta.label_lower]
    return render_to_string(
        "procedures/audit_record.html",
        {
            "record": record,
            "file_name": file_name,
            "language": "zh-Hans" if get_language() == "zh-hans" else "en",
            "versions": [
                version | {"status_label": statuses.get(version["status"], version["status"])}
                for version in sorted(versions, key=lambda version: (version["major"], version["minor"]))
            ],
            "events": [
                {
                    **{name: event[name] for name in ("sequence", "happened_at", "actor_name", "hash")},
                    "label": kind_label(event["kind"]),
                    "text": what_it_says(event["data"]),
                    "version": event["data"].get("version", ""),
                }
                for event in record["events"]
            ],
        },
    )
