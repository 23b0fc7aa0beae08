"""The tamper-evident log of procedures: docs/audit.md says what it holds and what it cannot show.

`record` and `record_many` append, `seal` says whose rows are sealed, `Verification` walks what the database
holds, `procedures.audit.records` writes one procedure's record and verifies it without a database.
"""

from procedures.audit.comparing import compare_with_log, misfits_of
from procedures.audit.recording import (
    Happening,
    kind_label,
    record,
    record_many,
    register_alarm,
    register_kind,
)
from procedures.audit.sealing import UNREADABLE, Facts, Finding, register_final_check, row_key, seal

__all__ = [
    "UNREADABLE",
    "Facts",
    "Finding",
    "Happening",
    "compare_with_log",
    "kind_label",
    "misfits_of",
    "record",
    "record_many",
    "register_alarm",
    "register_final_check",
    "register_kind",
    "row_key",
    "seal",
]
