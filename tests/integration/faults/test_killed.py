"""The process killed anywhere in a release leaves the old version or the new one, whole."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_a_release_killed_before_any_kind_of_write_leaves_the_old_version(
    own_database: str, tmp_path: Path
) -> None:
    from django.db import connection

    connection.close()
    done = subprocess.run(
        [sys.executable, "-m", "tests.integration.faults.killed_release"],
        cwd=ROOT,
        env={
            **os.environ,
            "DATABASE_URL": own_database,
            "REDLINE_DATA_DIR": str(tmp_path / "data"),
            "DJANGO_SETTINGS_MODULE": "tests.settings",
        },
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    before, after = told["before"], told["after"]
    old = {
        "versions": [["1.0", "effective"]],
        "superseded": [],
        "applies to": {"1.0": ["LM-400"]},
        "codes": {"1.0": ["E-1"]},
        "signed": ["1.0"],
        "live": "1.0",
        "title": "Quokka",
        "waiting": True,
        "edit released in": ["None"],
        "found by the old word": ["procedure 1.0"],
        "found by the new word": [],
    }
    new = {
        "versions": [["1.1", "effective"], ["1.0", "superseded"]],
        "superseded": ["1.0"],
        "applies to": {"1.1": ["LM-400", "LM-500"], "1.0": ["LM-400"]},
        "codes": {"1.1": ["E-1", "E-2"], "1.0": ["E-1"]},
        "signed": ["1.1", "1.0"],
        "live": "1.1",
        "title": "Wombat",
        "waiting": False,
        "edit released in": ["1.1"],
        "found by the old word": [],
        "found by the new word": ["procedure 1.1"],
    }
    assert {name: before[name] for name in old} == old
    kills = told["kills"]
    for kill in kills:
        assert kill["state"] == before, kill["at"]
    assert {name: after[name] for name in new} == new
    # The kills reached every kind of write that a release is made of, and the moment before its commit.
    statements = [kill["at"] for kill in kills]
    assert statements[-1] == "COMMIT"
    for table in (
        "procedures_procedureversion", "procedures_versionapplicability", "procedures_procedureversion_error_codes",
        "review_signature", "review_release", "review_stage", "wagtailcore_page", "wagtailcore_workflowstate",
        "wagtailcore_taskstate",         "review_suggestion", "search_searchdocument",
    ):  # fmt: skip
        assert any(f'"{table}"' in statement for statement in statements), table
