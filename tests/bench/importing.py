"""How fast 1,000 Markdown files become procedures. run() imports them into the (scratch) database in use.

REDLINE_DATA_DIR=/tmp/bench python manage.py migrate && python manage.py bootstrap
python manage.py shell -c "from tests.bench.importing import run; run()"
"""

import random
import resource
import tempfile
import time
from pathlib import Path

from django.contrib.auth import get_user_model

from procedures.importing import importer

FILES = 1000
TARGET_PER_SECOND = 100.0
TARGET_MB = 500.0
_WORDS = """
alarm battery breaker cable check close connector controller current door fan fuse ground inverter lamp load
measure module open panel phase power pressure replace reset screw sensor start stop supply switch temperature
terminal tighten torque voltage wait
""".split()  # noqa: SIM905  a list of strings would be forty lines


def write_files(folder: Path, count: int = FILES) -> int:
    """Write runbooks of five sections, about 2,700 characters each; returns their bytes."""
    chance = random.Random(11)

    def sentence() -> str:
        return " ".join(chance.choices(_WORDS, k=12)).capitalize() + "."

    size = 0
    for number in range(count):
        sections = []
        for title in ("Meaning", "Impact", "Diagnosis", "Mitigation", "Afterwards"):
            items = "\n".join(f"{item}. {sentence()}" for item in range(1, 4))
            sections.append(
                f"## {title}\n\n{sentence()} See [the next](p{(number + 1) % count}.md).\n\n"
                f"{sentence()}\n\n{items}\n\n"
                f"```bash\nread --register {number}\n```\n"
            )
        text = f"# Procedure {number}: {sentence()}\n\n{sentence()}\n\n" + "\n".join(sections)
        folder.joinpath(f"p{number}.md").write_text(text, encoding="utf-8")
        size += len(text.encode())
    return size


def run(count: int = FILES) -> float:
    """Import generated files; prints and returns files a second."""
    approver = get_user_model().objects.first() or get_user_model().objects.create_user("bench")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        size = write_files(folder, count)
        wall, cpu = time.perf_counter(), time.process_time()
        report = importer.run(importer.Request(root=folder, by=approver, set_name=f"bench{time.time_ns()}"))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    assert report.count("new") == count, report.problems[:3]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    speed = count / wall
    print(f"{count} files, {size / 1e6:.1f} MB: {speed:.0f} files/s (target {TARGET_PER_SECOND:.0f})")
    print(f"{wall:.1f} s wall, {cpu:.1f} s CPU, {cpu / count * 1000:.1f} ms CPU a file")
    print(f"peak memory {peak:.0f} MB (target {TARGET_MB:.0f})")
    return speed
