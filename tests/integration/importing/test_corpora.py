"""Real documents go in whole: each set's counts, compared with counts made without our code."""

import json
import os
import subprocess
import sys
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from django.core.management import call_command

from kb.accounts.models import User
from procedures.content import canonical_content, content_hash
from procedures.importing import importer
from procedures.importing.documents import Defaults
from procedures.models import ProcedurePage, ProcedureVersion
from tests import factories

CORPORA = Path(
    os.environ.get("REDLINE_CORPORA") or Path(__file__).resolve().parents[4] / "shared" / "corpora"
)

pytestmark = [pytest.mark.corpora, pytest.mark.django_db]

# Documents, and of them those that have no title.
SETS = {
    "openshift": (271, []),
    "kubevirt": (76, []),
    "moj": (56, []),
    "dm-zh": (68, ["zh/TOC.md"]),
    "dm-en": (69, ["en/TOC.md"]),
    "rustc": (478, []),
}


@cache
def corpus(name: str) -> Path:
    folder = CORPORA / name / "docs"
    assert folder.is_dir(), f"{folder} is not there; set REDLINE_CORPORA to the folder of the corpora"
    return folder


def defaults(name: str) -> Defaults:
    if name == "rustc":
        factories.product_line("RUST")
        return Defaults(product_line="RUST", title_from="file-name", codes_from="file-name")
    return Defaults(language="zh-hans" if name.endswith("zh") else "en")


@pytest.mark.parametrize("name", SETS)
def test_every_document_goes_in(name: str, approver: User) -> None:
    documents, untitled = SETS[name]
    request = importer.Request(root=corpus(name), by=approver, set_name=name, defaults=defaults(name))
    report = importer.run(request)
    assert [path for path, _reason in report.problems] == untitled
    assert report.count("new") == documents - len(untitled)
    assert ProcedurePage.objects.count() == documents - len(untitled)
    for version in ProcedureVersion.objects.all()[:20]:
        assert content_hash(canonical_content(version.revision.as_object())) == version.sha256
    again = importer.run(request)
    assert again.count("unchanged") == documents - len(untitled)
    assert again.versions == 0


def test_no_link_between_documents_is_dead(approver: User) -> None:
    importer.run(
        importer.Request(root=corpus("dm-zh"), by=approver, set_name="dm", defaults=defaults("dm-zh"))
    )
    numbers = set(ProcedurePage.objects.values_list("number", flat=True))
    text = json.dumps(list(ProcedureVersion.objects.values_list("html", flat=True)))
    linked = {piece.partition("/")[0] for piece in text.split('href=\\"/procedures/')[1:]}
    assert len(linked) > 40
    assert linked <= numbers
    assert 'href=\\"/' not in text.replace('href=\\"/procedures/', "")


def test_history_replays_to_the_last_revision(approver: User, tmp_path: Path) -> None:
    root = tmp_path / "kubevirt"
    corpus("kubevirt")
    subprocess.run([sys.executable, CORPORA / "as_git.py", "kubevirt", root], check=True, capture_output=True)
    request = importer.Request(root=root, by=approver, set_name="kubevirt", with_history=True)
    report = importer.run(request)
    assert report.problems == []
    assert report.count("new") == 76

    recorded: dict[str, list[str]] = {}
    lines = (CORPORA / "kubevirt" / "revisions.jsonl").read_text(encoding="utf-8").strip().split("\n")
    for revision in map(json.loads, lines):
        recorded.setdefault(revision["path"], []).append(revision["text"])
    # One version at most for each revision, and not fewer than there are different words.
    for page in ProcedurePage.objects.all():
        texts = recorded.get(page.source_key.partition(":")[2], [""])
        words = [text.split() for text in texts]
        different = 1 + sum(one != other for one, other in pairwise(words))
        assert different <= page.versions.count() <= max(len(texts), 1), page.source_key
    assert ProcedureVersion.objects.effective().count() == 76
    # Once a step has its identity it keeps it: most steps of a procedure live through all its versions.
    page = max(ProcedurePage.objects.all(), key=lambda one: one.versions.count())
    newest, *_rest, oldest = page.versions.all()
    assert {step["id"] for step in oldest.steps} & {step["id"] for step in newest.steps}
    assert importer.run(request).versions == 0
    call_command("fixtree", interactive=False, verbosity=0)
