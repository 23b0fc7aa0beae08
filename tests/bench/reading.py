"""A procedure page for a signed-in reader: its queries, and what freezing its HTML is worth.

Compares the same page, with everything else on it the same, served from the version's frozen HTML and
rendered from the working copy's blocks at each view.
"""

import time
from collections.abc import Callable
from unittest import mock

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

STEPS = 20
VIEWS = 60
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


def _cpu(view: Callable[[], object]) -> float:
    """Processor seconds a view, after a warm-up."""
    for _ in range(5):
        view()
    started = time.process_time()
    for _ in range(VIEWS):
        view()
    return (time.process_time() - started) / VIEWS


def run() -> None:
    from procedures.content import canonical_content
    from procedures.rendering import render_content
    from procedures.views import version as view_module
    from review import actions
    from tests import factories as make

    owner = make.procedure_owner()
    released = make.released(
        owner=owner,
        number="SOP-BENCH",
        steps=[make.step(f"s{n}", title=f"Step {n}", body=BODY.format(n=n), expected="Below **60 V**.") for n in range(1, STEPS + 1)],
    )
    reader = make.field_engineer()
    for n in range(1, 6):
        actions.start_thread(version=released, step_id=f"s{n}", kind="question", text="Which door?", by=reader)
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(reader)
    page = released.page

    def frozen() -> None:
        assert client.get("/procedures/SOP-BENCH/").status_code == 200

    def from_blocks() -> None:
        """As a page without versions would do it: blocks out of the page, Markdown through the renderer."""
        content = canonical_content(type(page).objects.get(pk=page.pk))
        html = render_content(content)
        steps = view_module.read_steps
        with mock.patch.object(view_module, "read_steps", lambda *_: steps(content, html)):
            assert client.get("/procedures/SOP-BENCH/").status_code == 200

    frozen()
    with CaptureQueriesContext(connection) as queries:
        frozen()
    print(f"  queries for a signed-in reader: {len(queries)} (at most 12)")
    fast, slow = _cpu(frozen), _cpu(from_blocks)
    print(f"  processor ms a view, {STEPS} steps: frozen {fast * 1000:.1f}, from blocks {slow * 1000:.1f}")
    print(f"  frozen serves {slow / fast:.1f} times as many requests a processor second (at least 5)")
