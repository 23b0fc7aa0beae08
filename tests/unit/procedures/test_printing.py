"""What a copy needs of the machine is named alike wherever it is named."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from procedures.printing import DEBIAN_PACKAGES

ROOT = Path(__file__).resolve().parents[3]


def test_the_site_asks_for_the_packages_that_make_and_ci_install() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert f"PRINTING := {' '.join(DEBIAN_PACKAGES)}\n" in makefile
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert all(package in ci for package in DEBIAN_PACKAGES)


def say_what_is_missing(before: str, html: str, **environment: str) -> str:
    """Try twice to make a PDF in a process of its own, after the statement `before`; what it printed."""
    script = (
        f"{before}\n"
        "import django; django.setup()\n"
        "import kb.urls\n"
        "from procedures.printing import PrintingUnavailable, html_to_pdf\n"
        "for attempt in range(2):\n"
        f"    try: html_to_pdf({html!r}, 'http://localhost/')\n"
        "    except PrintingUnavailable as error: print(f'SAID: {error}')\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "kb.settings", **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_without_the_system_libraries_all_but_printing_works() -> None:
    """No shared library can be opened, as on a machine without Pango."""
    no_libraries = (
        "import cffi; cffi.FFI.dlopen = lambda *args: (_ for _ in ()).throw(OSError('cannot load'))"
    )
    said = say_what_is_missing(no_libraries, "<p>x</p>")
    assert said.count("SAID: WeasyPrint or the libraries that it needs are missing.") == 2


@pytest.mark.printing
def test_chinese_is_not_printed_as_empty_boxes(tmp_path: Path) -> None:
    no_fonts = tmp_path / "fonts.conf"
    no_fonts.write_text('<?xml version="1.0"?><fontconfig></fontconfig>', encoding="utf-8")
    said = say_what_is_missing("", "<p>停机</p>", FONTCONFIG_FILE=str(no_fonts))
    assert said.count("SAID: A font with Chinese characters is missing.") == 2
