"""What a copy needs of the machine is named alike wherever it is named."""

import os
import subprocess
import sys
from pathlib import Path

from procedures.printing import DEBIAN_PACKAGES

ROOT = Path(__file__).resolve().parents[3]


def test_the_site_asks_for_the_packages_that_make_and_ci_install() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert f"PRINTING := {' '.join(DEBIAN_PACKAGES)}\n" in makefile
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert all(package in ci for package in DEBIAN_PACKAGES)


def test_without_the_system_libraries_all_but_printing_works() -> None:
    """In a process of its own, where no shared library can be opened, as on a machine without Pango."""
    script = (
        "import cffi\n"
        "def missing(*args, **kwargs): raise OSError('cannot load library')\n"
        "cffi.FFI.dlopen = missing\n"
        "import django; django.setup()\n"
        "import kb.urls\n"
        "from procedures.printing import PrintingUnavailable, html_to_pdf\n"
        "for attempt in range(2):\n"
        "    try: html_to_pdf('<p>x</p>', 'http://localhost/')\n"
        "    except PrintingUnavailable as error: print(f'SAID: {error}')\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "kb.settings"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.count("SAID: WeasyPrint or the libraries that it needs are missing.") == 2
