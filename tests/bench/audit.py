"""verify_audit over 100,000 events and 10,000 versions, in a process of its own; and appending them.

The versions are copies of imported ones, so their rows, texts and HTML have the size of real ones.
"""

import re
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import transaction

from procedures import audit
from procedures.importing import importer
from procedures.models import (
    AuditEvent,
    AuditKind,
    MachineModel,
    ProcedureVersion,
    ProductLine,
    VersionApplicability,
    VersionStatus,
)
from tests.bench.importing import write_files

VERSIONS, EVENTS, PAGES = 10_000, 100_000, 100
TARGET_SECONDS, TARGET_MB = 60.0, 300.0
BATCH = 1_000


def run(versions: int = VERSIONS, events: int = EVENTS) -> None:
    """Fill the (scratch) database in use up to these numbers and verify it."""
    approver = get_user_model().objects.first() or get_user_model().objects.create_user("bench")
    with tempfile.TemporaryDirectory() as name:
        write_files(Path(name), PAGES)
        importer.run(importer.Request(root=Path(name), by=approver, set_name=f"audit{time.time_ns()}"))
    pages = list(ProcedureVersion.objects.effective().order_by("-pk").values_list("pk", flat=True)[:PAGES])
    _copy_versions(pages, versions - ProcedureVersion.objects.count(), approver)
    _append(pages, events - AuditEvent.objects.count(), approver)

    # Its own process: what came before in this one would count as its memory.
    code = "import django; django.setup(); from tests.bench.audit import verify; verify()"
    subprocess.run([sys.executable, "-c", code], check=True)


def _copy_versions(pages: list[int], count: int, by: object) -> None:
    """Superseded copies of these versions, each with a row of where it applies, sealed as imported."""
    line = ProductLine.objects.create(code="AUDIT", name="Audit")
    model = MachineModel.objects.create(product_line=line, code="AUDIT-1", name="Audit")
    columns = [field.attname for field in ProcedureVersion._meta.concrete_fields if field.attname != "id"]
    for minor in range(1, max(count, 0) // len(pages) + 1):
        with transaction.atomic():
            copies = []
            for version in ProcedureVersion.objects.filter(pk__in=pages):
                values = {name: getattr(version, name) for name in columns}
                values |= {"minor": minor, "status": VersionStatus.SUPERSEDED}
                values["superseded_at"] = version.effective_from + timedelta(days=minor)
                copies.append(ProcedureVersion(**values))
            copies = ProcedureVersion.objects.bulk_create(copies)
            rows = VersionApplicability.objects.bulk_create(
                VersionApplicability(version=copy, model=model, options=[]) for copy in copies
            )
            audit.record_many(
                audit.Happening(kind=AuditKind.IMPORTED, version=copy, by=by, sealed=[copy, row])
                for copy, row in zip(copies, rows, strict=True)
            )


def _append(pages: list[int], count: int, by: object) -> None:
    versions = list(ProcedureVersion.objects.filter(pk__in=pages).select_related("page"))
    wall, cpu = time.perf_counter(), time.process_time()
    for start in range(0, count, BATCH):
        with transaction.atomic():
            audit.record_many(
                audit.Happening(
                    kind=AuditKind.ACKNOWLEDGED,
                    version=version,
                    by=by,
                    data={"note": f"read and understood, number {number}"},
                )
                for number in range(start, min(start + BATCH, count))
                for version in [versions[number % len(versions)]]
            )
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{count} events appended, {BATCH} at once: {wall:.1f} s wall, {cpu:.1f} s CPU")


def verify() -> None:
    """Verify, and print what it took of this process."""
    wall, cpu = time.perf_counter(), time.process_time()
    call_command("verify_audit")
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    status = Path("/proc/self/status").read_text()
    peak = int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) / 1024  # type: ignore[index]  # Linux always has the line
    count = f"{AuditEvent.objects.count()} events, {ProcedureVersion.objects.count()} versions"
    print(f"{count}: {wall:.1f} s wall (target {TARGET_SECONDS:.0f}), {cpu:.1f} s CPU")
    print(f"peak memory {peak:.0f} MB (target {TARGET_MB:.0f})")
