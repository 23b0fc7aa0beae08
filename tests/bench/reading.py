"""A procedure page for a signed-in reader: its queries, and what freezing its HTML is worth.

Compares the same page, with everything else on it the same, served from the version's frozen HTML and
rendered from the working copy's blocks at each view.
"""

import time
from collections.abc import Callable
from statistics import median
from unittest import mock

SIZES = (10, 20, 40)  # steps
TURNS, VIEWS = 5, 10
BODY = """Open the door of the cabinet and check **all** of these:

1. The breaker `Q{n}` is open and locked.
2. The voltage between `X{n}.1` and `X{n}.4` is below 60 V.

| point | low | high |
|---|---|---|
| X{n}.1 | 4.5 V | 5.5 V |
| X{n}.2 | 11 V | 13 V |
| X{n}.3 | 23 V | 25 V |

> Wait {n} minutes before you touch anything.

Then tighten the bolts to {n} Nm, crosswise, and note the value in the [record](/procedures/SOP-BENCH/).
"""


def _cpu(*views: Callable[[], None]) -> list[float]:
    """The median processor seconds of each.

    They take turns of several views, so that a change of pace hits all alike, and none is measured on what the
    one before left in the processor's caches and to the garbage collector.
    """
    times: list[list[float]] = [[] for _ in views]
    for _ in range(TURNS):
        for view, taken in zip(views, times, strict=True):
            view()  # a warm-up
            for _ in range(VIEWS):
                started = time.process_time()
                view()
                taken.append(time.process_time() - started)
    return [median(taken) for taken in times]


def run() -> None:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from procedures import rendering
    from procedures.content import canonical_content
    from procedures.models import ProcedurePage, ProcedureVersion
    from procedures.views import version as views
    from review import threads
    from tests import factories as make

    owner, reader, approver = make.procedure_owner(), make.field_engineer(), make.documentation_staff()
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(reader)
    for size in SIZES:
        steps = [
            make.step(f"s{n}", title=f"Step {n}", body=BODY.format(n=n), expected="Below **60 V**.")
            for n in range(1, size + 1)
        ]
        number = f"SOP-BENCH-{size}"
        released = make.released(owner=owner, approver=approver, number=number, steps=steps)
        for n in range(1, 6):
            threads.start_thread(
                version=released, step_id=f"s{n}", kind="question", text="Which door?", by=reader
            )

        def frozen(number: str = number) -> None:
            assert client.get(f"/procedures/{number}/").status_code == 200

        def article_from_blocks(version_pk: int, sha256: str, language: str) -> views.Article:
            """What a page without versions does: its blocks, through Markdown, at each view."""
            version = (
                ProcedureVersion.objects.select_related("page").defer("content", "html").get(pk=version_pk)
            )
            content = canonical_content(ProcedurePage.objects.get(pk=version.page_id))
            version.content, version.html = content, rendering.render_content(content)
            return views.build_article(version)

        def from_blocks(number: str = number) -> None:
            with mock.patch.object(views, "_article", article_from_blocks):
                frozen(number)

        def from_blocks_plainly(number: str = number) -> None:
            """With a converter made for each text, as Markdown's own function does."""
            with mock.patch.object(rendering, "_converter", rendering.make_converter):
                from_blocks(number)

        frozen()
        with CaptureQueriesContext(connection) as queries:
            frozen()
            count = len(queries)
        fast, shared, plain = _cpu(frozen, from_blocks, from_blocks_plainly)
        print(
            f"  {size} steps, signed in: {count} queries (at most 12); processor ms a view: frozen "
            f"{fast * 1000:.1f}; from blocks {plain * 1000:.1f} ({plain / fast:.1f} times as much), with one "
            f"Markdown converter kept {shared * 1000:.1f} ({shared / fast:.1f} times)"
        )
