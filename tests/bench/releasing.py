"""The last signature of a procedure with 40 steps and 20 images, among 10,000 other procedures."""

import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

OTHERS = 10_000
STEPS = 40
IMAGES = 20
TURNS = 5
TARGET_S = 1.0
BODY = "1. Open breaker Q{n}, and lock it.\n2. Measure below **60 V** between X{n}.1 and X{n}.4.\n\nWait {n} minutes."


def run(others: int = OTHERS) -> float:
    """Prints and returns the median seconds of the clock from the signature to the version in force."""
    from django.core.files.images import ImageFile
    from wagtail.images import get_image_model
    from wagtail.images.tests.utils import get_test_image_file

    from procedures.importing import importer
    from procedures.models import ProcedurePage
    from review import landing, releasing
    from tests import factories as make

    owner, approver = make.procedure_owner(), make.documentation_staff()
    missing = others - ProcedurePage.objects.count()
    with TemporaryDirectory() as name:
        for n in range(max(missing, 0)):
            Path(name, f"r{n}.md").write_text(
                f"# Replace part {n}\n\n## Do it\n\nTurn part {n}.\n", encoding="utf-8"
            )
        importer.run(importer.Request(root=Path(name), by=approver, set_name=f"releasing{time.time_ns()}"))
    pictures = [
        get_image_model().objects.create(
            title=f"picture {n}",
            file=ImageFile(
                get_test_image_file(size=(640 + n, 480)).file, name=f"picture-{time.time_ns()}.png"
            ),
        )
        for n in range(IMAGES)
    ]
    steps = [
        make.step(
            f"s{n}", title=f"Step {n}", body=BODY.format(n=n),
            images=[{"image": pictures[n].pk, "alt": f"Q{n}"}] if n < IMAGES else [],
        )
        for n in range(STEPS)
    ]  # fmt: skip
    page = make.working_copy(
        by=owner, procedure_owner=owner, number=f"SOP-BENCH-{time.time_ns()}", steps=steps
    )
    clock, cpu = [], []
    for turn in range(TURNS):
        page = ProcedurePage.objects.get(pk=page.pk)
        draft = landing.working_copy(page)
        draft.steps[turn].value["body"] = f"Changed in turn {turn}."
        draft.save_revision(user=owner)
        release = releasing.submit_for_release(
            page=page, by=owner, change_summary=f"Turn {turn}", significance="minor"
        )
        assert sum(len(step["images"]) for step in release.content["steps"]) == IMAGES
        started = time.perf_counter(), time.process_time()
        releasing.sign(
            stage=release.stages.get(), by=approver, password=make.PASSWORD, seen_sha256=release.sha256
        )
        clock.append(time.perf_counter() - started[0])
        cpu.append(time.process_time() - started[1])
    print(f"{ProcedurePage.objects.count()} procedures; {STEPS} steps, {IMAGES} images; median of {TURNS}:")
    print(
        f"{median(clock):.2f} s, {median(cpu):.2f} s CPU, password check included (target {TARGET_S:.0f} s)"
    )
    return median(clock)
