"""How long `manage.py lint_applicability` takes for 200 models, 100 releases and 5,000 error codes.

The whole command is timed: reading the catalogue and the guides, deciding, and writing what it found. The
guides are in the database as the importer leaves them, with short texts, because the lint reads none.
"""

import random
import resource
import time
from contextlib import suppress
from io import StringIO
from typing import Any

MODELS, RELEASES, CODES = 200, 100, 5_000
CODES_A_FAULT = 5  # at most
TARGET_SECONDS = 10.0
LINE = "BENCH"
_OPTIONS = ["lithium", "parallel", "seismic", "top-entry"]


def fill() -> tuple[int, int]:
    """Make the catalogue and its guides; returns how many guides, and how many rows of "applies to".

    One to five codes share their guides, as the causes of one fault do. A third of them have one guide without
    rows. The others have a guide for each of two to five families of models, and every second family two of
    them, before a release and from it on. One in 50 has no guide, one in 50 a guide too many, one in 25 lacks
    a family, and one family in 50 has a guide for an option only.
    """
    from procedures.models import ErrorCode, MachineModel, ProductLine, SoftwareRelease

    chance = random.Random(5)
    line = ProductLine.objects.create(code=LINE, name="Bench")
    models = MachineModel.objects.bulk_create(
        MachineModel(product_line=line, code=f"BN-{n:03}", name=f"Model {n}", options=_OPTIONS)
        for n in range(MODELS)
    )
    releases = SoftwareRelease.objects.bulk_create(
        SoftwareRelease(product_line=line, version=f"{n // 10}.{n % 10}", position=n + 1)
        for n in range(RELEASES)
    )
    codes = ErrorCode.objects.bulk_create(
        ErrorCode(product_line=line, code=f"B-{n:04}", meaning="Something is wrong.") for n in range(CODES)
    )
    guides = []
    while codes:
        count = chance.randint(1, CODES_A_FAULT)
        fault, codes = codes[:count], codes[count:]
        guides += [(fault, rows) for rows in _guides(chance, models, releases)]
    return len(guides), _insert(line, guides)


def _guides(chance: random.Random, models: list[Any], releases: list[Any]) -> list[list[tuple[Any, ...]]]:
    """For each guide of a fault its rows: (model, from, before, options)."""
    if chance.random() < 1 / 50:
        return []
    if chance.random() < 1 / 3:
        return [[]] * (2 if chance.random() < 1 / 50 else 1)
    shuffled = chance.sample(models, len(models))
    count = chance.randint(2, 5)
    families = [shuffled[n::count] for n in range(count)]
    if chance.random() < 1 / 25:
        families.pop()
    guides = []
    for family in families:
        options = [chance.choice(_OPTIONS)] if chance.random() < 1 / 50 else []
        if chance.random() < 1 / 2:
            change = chance.choice(releases[1:])
            guides.append([(model, None, change, options) for model in family])
            guides.append([(model, change, None, options) for model in family])
        else:
            guides.append([(model, None, None, options) for model in family])
    if chance.random() < 1 / 50:
        first, before = sorted(chance.sample(releases, 2), key=lambda release: release.position)
        guides.append([(model, first, before, []) for model in chance.sample(models, 20)])
    return guides


def _insert(line: Any, guides: list[tuple[list[Any], list[tuple[Any, ...]]]]) -> int:
    """Versions in force, in bulk; returns the number of rows."""
    from django.contrib.auth import get_user_model
    from django.db import transaction
    from django.utils import timezone

    from procedures.importing.writing import _insert_pages
    from procedures.models import ProcedureIndexPage, ProcedurePage, ProcedureVersion, VersionApplicability

    approver = get_user_model().objects.first() or get_user_model().objects.create_user("bench")
    now = timezone.now()
    with transaction.atomic():
        pages = [
            ProcedurePage(title="Guide", number=f"BENCH-{n:05}", product_line=line, live=True)
            for n in range(len(guides))
        ]
        for page in pages:
            page.wagtail_admin_comments = []
        _insert_pages(pages, ProcedureIndexPage.objects.get())
        versions = ProcedureVersion.objects.bulk_create(
            (
                ProcedureVersion(
                    page=page, major=1, minor=0, status="effective", origin="imported", number=page.number,
                    title=page.title, kind="error_handling", language="en", audience="internal",
                    product_line=line, content={}, html={}, sha256="0" * 64, approved_sha256="0" * 64,
                    approved_by=approver, approved_at=now, effective_from=now,
                )
                for page in pages
            ),
            batch_size=500,
        )  # fmt: skip
        through = ProcedureVersion.error_codes.through
        through.objects.bulk_create(
            through(procedureversion_id=version.pk, errorcode_id=code.pk)
            for version, (fault, _rows) in zip(versions, guides, strict=True)
            for code in fault
        )
        rows = [
            VersionApplicability(
                version=version, model=model, release_from=first, release_before=before, options=options
            )
            for version, (_fault, places) in zip(versions, guides, strict=True)
            for model, first, before, options in places
        ]
        VersionApplicability.objects.bulk_create(rows, batch_size=2_000)
    return len(rows)


def run() -> float:
    """Fill the (scratch) database in use and lint it; prints and returns the seconds of the whole command."""
    from django.core.management import call_command

    guides, rows = fill()
    out = StringIO()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    wall, cpu = time.perf_counter(), time.process_time()
    with suppress(SystemExit):  # there is something to find
        call_command("lint_applicability", line=LINE, stdout=out)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{MODELS} models, {RELEASES} releases, {CODES} codes; {guides} guides with {rows} rows")
    print(f"{wall:.1f} s wall, {cpu:.1f} s CPU (target {TARGET_SECONDS:.0f} s)")
    print(f"peak memory {peak:.0f} MB, of which {peak - before:.0f} MB for this")
    print(out.getvalue().splitlines()[-1])
    return wall
