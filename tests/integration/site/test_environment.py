"""Started with .env.example as it stands, or with any variable of it empty, the site has its defaults."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / ".env.example"
START = """
import json, sys
import environ
read = environ.Env.read_env
environ.Env.read_env = lambda _checkout: [read(file) for file in sys.argv[1:]]  # in the place of its .env
from django.conf import settings
names = ("DATABASES", "ALLOWED_HOSTS", "BASE_URL", "HTTPS", "DEBUG", "TIME_ZONE", "EMAIL_BACKEND", "DEFAULT_FROM_EMAIL",
         "REDLINE_MAIL_WAIT", "REDLINE_REVIEW_MONTHS", "REDLINE_SAFETY_HOURS", "REDLINE_SEARCH_ENGINE",
         "REDLINE_SEARCH_LOG_DAYS", "LOGGING")
print(json.dumps({name: getattr(settings, name) for name in names}, default=str))
"""
WHOLE = START + "import django; django.setup()"  # with every app, which takes two seconds


def variables() -> dict[str, str]:
    names = [line.partition("=") for line in EXAMPLE.read_text().splitlines() if line and line[0] != "#"]
    return {name: value for name, _is, value in names}


def start(data: Path, *files: Path, script: str = START, **given: str) -> Any:
    """The settings of a site that is started from its checkout, in an environment with only these variables."""
    known = {name: value for name, value in os.environ.items() if name not in variables()}
    known |= {"DJANGO_SETTINGS_MODULE": "kb.settings", "REDLINE_DATA_DIR": str(data), **given}
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, files)], cwd=ROOT, env=known, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return start(tmp_path_factory.getbasetemp() / "plain")


def test_the_example_as_it_stands_gives_the_defaults(plain: Any, tmp_path_factory: Any) -> None:
    assert start(tmp_path_factory.getbasetemp() / "plain", EXAMPLE, script=WHOLE) == plain


def test_every_variable_may_be_empty(plain: Any, tmp_path_factory: Any) -> None:
    empty = {
        name: " " if name == "DATABASE_URL" else "" for name in variables() if name != "REDLINE_DATA_DIR"
    }
    assert start(tmp_path_factory.getbasetemp() / "plain", script=WHOLE, **empty) == plain


def test_an_empty_variable_does_not_hide_what_the_file_says(tmp_path: Path) -> None:
    file = tmp_path / "env"
    file.write_text("REDLINE_SAFETY_HOURS=9\nREDLINE_MAIL_WAIT=5\n")
    said = start(tmp_path, file, REDLINE_SAFETY_HOURS="", REDLINE_MAIL_WAIT="3")
    assert (said["REDLINE_SAFETY_HOURS"], said["REDLINE_MAIL_WAIT"]) == (9, 3)


def test_the_data_lie_beside_the_site_wherever_it_is_started(tmp_path: Path) -> None:
    said = start(tmp_path, REDLINE_DATA_DIR="var")
    assert said["DATABASES"]["default"]["NAME"] == str(ROOT / "var" / "redline.sqlite3")


@pytest.mark.parametrize(
    ("name", "value"),
    [("DATABASE_URL", "nonsense"), ("REDLINE_SAFETY_HOURS", "four"), ("REDLINE_SAFETY_HOURS", "0"),
     ("REDLINE_MAIL_WAIT", "-1"), ("REDLINE_REVIEW_MONTHS", "x"), ("REDLINE_SEARCH_LOG_DAYS", "-1"),
     ("REDLINE_SEARCH_LOG_DAYS", "800000"), ("REDLINE_ELASTICSEARCH_SHARDS", "1025"),
     ("REDLINE_REVIEW_MONTHS", "120000"), ("REDLINE_MAIL_WAIT", "99999999999")],
)  # fmt: skip
def test_a_malformed_variable_stops_the_start_by_a_sentence_that_names_it(
    tmp_path: Path, name: str, value: str
) -> None:
    with pytest.raises(AssertionError, match=f"ImproperlyConfigured: {name} is"):
        start(tmp_path, **{name: value})


@pytest.mark.parametrize("address", ["mysql://a:b@localhost/redline", "oracle://a:b@localhost:1521/redline"])
def test_another_database_is_refused_by_a_sentence_that_names_those_that_can_be(
    tmp_path: Path, address: str
) -> None:
    with pytest.raises(AssertionError, match=r"DATABASE_URL is of another.*SQLite or PostgreSQL"):
        start(tmp_path, DATABASE_URL=address)
