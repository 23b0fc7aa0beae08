"""manage.py import_procedures: what goes in, what is refused, and that a second run changes nothing."""

import hashlib
import os
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import translation
from PIL import Image
from wagtail.images import get_image_model
from wagtail.models import Page, PageLogEntry, ReferenceIndex, Revision

from kb.accounts.models import User
from procedures.content import canonical_content, content_hash
from procedures.importing import writing
from procedures.importing.exporting import export_version
from procedures.models import ErrorCode, ProcedureIndexPage, ProcedurePage, ProcedureVersion, ProductLine
from review import deciding, proposing
from search.models import SearchDocument
from tests import factories
from tests.integration.importing.conftest import Run

pytestmark = pytest.mark.django_db


def snapshot() -> list[int]:
    models = (Page, ProcedurePage, Revision, ProcedureVersion, ErrorCode, PageLogEntry, SearchDocument)
    return [model.objects.count() for model in models]


def fixtree_says() -> str:
    from io import StringIO

    out = StringIO()
    call_command("fixtree", interactive=False, stdout=out)
    return out.getvalue()


def test_files_become_procedures_with_a_consistent_tree(run: Run, folder: Path, approver: User) -> None:
    (folder / "a").mkdir()
    for number in range(130):  # more than a batch
        (folder / "a" / f"P{number}.md").write_text(f"# Title {number}\n\n## One\n\nSee [x](P0.md).\n")
    text, failed = run(folder, verbosity=1)
    assert not failed
    assert "130 new" in text

    page = ProcedurePage.objects.get(number="SET-P7")
    index = ProcedureIndexPage.objects.get()
    assert (page.source_key, page.live, page.has_unpublished_changes) == ("set:a/P7.md", True, False)
    assert page.url_path == f"{index.url_path}set-p7/"
    assert page.get_parent().pk == index.pk
    assert index.numchild == 130
    assert page.locale == index.locale
    assert page.live_revision_id == page.latest_revision_id == page.get_latest_revision().pk
    version = page.versions.get()
    assert (version.label, version.origin, version.approved_by, version.last_editor) == (
        "1.0",
        "imported",
        approver,
        None,
    )
    assert version.revision_id == page.live_revision_id
    assert content_hash(canonical_content(page)) == version.sha256
    assert content_hash(canonical_content(version.revision.as_object())) == version.sha256
    assert page.first_published_at == page.last_published_at == version.effective_from
    assert "/procedures/SET-P0/" in version.steps[0]["body"]
    assert SearchDocument.objects.filter(source="procedure", object_id=str(page.pk)).exists()
    assert fixtree_says().count("No problems found") == 2
    page.full_clean()
    page.save_revision(user=factories.procedure_owner())
    # Pages that come after find their place.
    factories.working_copy(by=approver)
    assert fixtree_says().count("No problems found") == 2


def test_a_second_run_changes_nothing_and_a_changed_file_is_the_next_version(run: Run, folder: Path) -> None:
    (folder / "a.md").write_text("# A\n\n## One\n\nold\n\n## Two\n\nx\n")
    run(folder)
    before = snapshot()
    assert "0 new, 0 changed, 1 unchanged" in run(folder)[0]
    assert snapshot() == before

    (folder / "a.md").write_text("# A\n\n## Zero\n\nfirst\n\n## One\n\nnew\n\n## Two\n\nx\n")
    assert "1 changed" in run(folder)[0]
    page = ProcedurePage.objects.get()
    newest, oldest = page.versions.all()
    assert (newest.label, newest.status, oldest.status) == ("1.1", "effective", "superseded")
    assert oldest.superseded_at == newest.effective_from
    assert [step["id"] for step in newest.steps[1:]] == [step["id"] for step in oldest.steps]
    assert content_hash(canonical_content(page)) == newest.sha256
    assert page.latest_revision_id == newest.revision_id
    assert fixtree_says().count("No problems found") == 2


def test_a_second_run_numbers_the_files_as_the_first_did(run: Run, folder: Path) -> None:
    for name in ("Sub-A", "sub/a", "sub2/a"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / f"{name}.md").write_text(f"# {name}\n\n## One\n\nx\n")
    (folder / "late").mkdir()
    (folder / "late" / "b.md").write_text("no title yet")
    (folder / "b.md").write_text("# B\n")
    assert "4 new" in run(folder)[1]
    first = dict(ProcedurePage.objects.values_list("source_key", "number"))
    assert {first["set:Sub-A.md"], first["set:sub2/a.md"]} == {"SET-Sub-A", "SET-sub2-a"}
    text, failed = run(folder)
    assert "0 new, 0 changed, 4 unchanged" in failed
    assert "already that of" not in text
    # A file that can be read at last has the number that was kept for it.
    (folder / "late" / "b.md").write_text("# Late\n")
    assert "1 new, 0 changed, 4 unchanged" in run(folder)[0]
    assert dict(ProcedurePage.objects.values_list("source_key", "number")) == first | {
        "set:late/b.md": "SET-late-b"
    }


def test_a_dry_run_says_what_would_happen_and_writes_nothing(run: Run, folder: Path) -> None:
    (folder / "a.md").write_text("# A\n\n## One\n")
    before = snapshot()
    text, failed = run(folder, dry_run=True)
    assert not failed
    assert "new\tSET-a\t1 version\ta.md" in text
    assert "Nothing was written" in text
    assert snapshot() == before


def test_bad_files_are_reported_with_path_and_reason_and_the_rest_goes_in(
    run: Run, folder: Path, line: ProductLine
) -> None:
    bad = {
        "latin.md": b"# T\xe9\n",
        "untitled.md": b"text only",
        "kind.md": b"---\nkind: magic\n---\n# T\n",
        "model.md": b"---\napplies_to: [{model: XX-9}]\n---\n# T\n",
        "release.md": b"---\napplies_to: [{model: LM-200, from: '9.9'}]\n---\n# T\n",
        "code.md": b"---\nproduct_line: LM\nerror_codes: [E-9]\n---\n# T\n",
        "line.md": b"---\nproduct_line: ZZ\n---\n# T\n",
        "same2.md": b"---\nnumber: SAME\n---\n# Second\n",
    }
    good = {"good.md": b"# Good\n\n[bad](kind.md)\n", "same1.md": b"---\nnumber: SAME\n---\n# First\n"}
    for name, data in (bad | good).items():
        (folder / name).write_bytes(data)
    (folder / "folder.md").mkdir()
    (folder / "gone.md").symlink_to(folder / "nowhere")
    text, failed = run(folder)
    assert "2 new" in failed
    assert "9 files were not imported" in failed
    for name in [*bad, "gone.md"]:
        assert f"{name}: " in text
    assert "already that of same1.md" in text
    assert set(ProcedurePage.objects.values_list("title", flat=True)) == {"Good", "First"}
    # A link to a file that did not go in is not made a link to a procedure.
    assert "(kind.md)" in ProcedureVersion.objects.get(title="Good").steps[0]["body"]


def test_a_number_of_another_procedure_is_reported(run: Run, folder: Path, approver: User) -> None:
    factories.working_copy(by=approver, number="SOP-7")
    (folder / "a.md").write_text("---\nnumber: SOP-7\n---\n# A\n")
    text, failed = run(folder)
    assert "already that of SOP-7" in text
    assert failed


def test_what_was_released_or_drafted_here_is_not_overwritten(run: Run, folder: Path, approver: User) -> None:
    for name in ("released", "drafted", "left"):
        (folder / f"{name}.md").write_text(f"# {name}\n\n## One\n\nold\n")
    owner = factories.procedure_owner()
    run(folder, owner=owner.username)
    version = ProcedureVersion.objects.get(title="released")
    suggestion = proposing.suggest(
        version=version,
        changes={(version.steps[0]["id"], "body"): "ours"},
        reason="better",
        by=factories.field_engineer(),
    )
    deciding.accept(suggestion=suggestion, by=owner)
    factories.release(version.page, by=owner, approver=approver)
    draft = ProcedurePage.objects.get(title="drafted")
    draft.summary = "being written"
    draft.save_revision(user=owner)

    assert "3 unchanged" in run(folder)[0]
    for name in ("released", "drafted", "left"):
        (folder / f"{name}.md").write_text(f"# {name}\n\n## One\n\ntheirs\n")
    text, failed = run(folder)
    assert "1 changed" in failed
    assert "released here as version 1.1" in text
    assert "not released" in text
    assert ProcedurePage.objects.get(pk=version.page_id).versions.effective().get().steps[0]["body"] == "ours"


def test_the_change_summary_is_the_file_s_or_says_where_it_comes_from_in_its_language(
    run: Run, folder: Path
) -> None:
    (folder / "en.md").write_text("# A\n")
    (folder / "zh.md").write_text("---\nlanguage: zh\n---\n# 甲\n")
    (folder / "own.md").write_text("---\nchange_summary: The limit is 3 V now.\n---\n# C\n")
    with translation.override("fr"):
        run(folder)
    assert dict(ProcedureVersion.objects.values_list("number", "change_summary")) == {
        "SET-en": "Imported from en.md.",
        "SET-zh": "从 zh.md 导入。",
        "SET-own": "The limit is 3 V now.",
    }


def test_an_owner_who_cannot_act_is_not_taken_over(run: Run, folder: Path) -> None:
    factories.make_user("carla")
    factories.field_engineer("felix")
    for name in ("carla", "felix", "nobody"):
        (folder / f"{name}.md").write_text(f"---\nowner: {name}\n---\n# {name}\n\n## One\n\nx\n")
    text, failed = run(folder)
    assert not failed
    for name in ("carla", "felix"):
        assert f"Its owner {name} cannot act as one here" in text
    assert "nobody has no account here" in text
    assert not ProcedurePage.objects.filter(procedure_owner__isnull=False).exists()


def test_a_file_with_another_name_but_its_old_number_is_the_same_procedure(run: Run, folder: Path) -> None:
    (folder / "old.md").write_text("---\nnumber: SOP-9\n---\n# A\n\n## One\n\nx\n")
    run(folder)
    (folder / "old.md").rename(folder / "new.md")
    assert "1 unchanged" in run(folder)[0]
    assert ProcedurePage.objects.get().source_key == "set:new.md"
    (folder / "new.md").unlink()
    assert "SOP-9 stays until it is withdrawn" in run(folder)[0]


def test_images_travel_beside_the_file(run: Run, folder: Path, tmp_path: Path) -> None:
    buffer = BytesIO()
    Image.new("RGB", (8, 6), "red").save(buffer, "PNG")
    digest = hashlib.sha256(buffer.getvalue()).hexdigest()
    (folder / "images").mkdir()
    (folder / "images" / f"{digest}.png").write_bytes(buffer.getvalue())
    (folder / "a.md").write_text(
        "---\nredline: 1\nnumber: SOP-1\ntitle: A\nsteps:\n"
        f"  - {{id: s1, title: One, images: [{{sha256: {digest}, alt: The fan}}]}}\n---\n"
    )
    assert not run(folder)[1]
    version = ProcedureVersion.objects.get()
    image = get_image_model().objects.get()
    assert (image.width, image.height, image.title) == (8, 6, "The fan")
    assert content_hash(canonical_content(version.page.specific)) == version.sha256
    assert ReferenceIndex.get_references_to(image).exists()
    export_version(version, tmp_path)
    assert (tmp_path / "images" / f"{digest}.png").read_bytes() == buffer.getvalue()
    assert "1 unchanged" in run(folder)[0]
    assert get_image_model().objects.count() == 1

    (folder / "images" / f"{digest}.png").write_bytes(b"something else")
    text, failed = run(folder)
    assert failed
    assert "not the one its name says" in text


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_hostile_file_is_reported_and_the_rest_goes_in(run: Run, folder: Path, dry_run: bool) -> None:
    (folder / "good.md").write_text("# Good\n")
    Path(os.fsdecode(os.fsencode(folder) + b"/bad\xff.md")).write_text("# Bad name\n")
    (folder / "line\nbreak.md").write_text("# Bad name\n")
    (folder / "deep.md").write_text("# Deep\n" + "\n".join("  " * depth + "- x" for depth in range(400)))
    text, failed = run(folder, dry_run=dry_run)
    assert "1 new" in failed
    assert "3 files were not imported" in failed
    assert "bad\\xff.md: Its name has characters that are not printable or not UTF-8" in text
    assert "line\\nbreak.md: Its name" in text
    assert "deep.md: Its lists or quotations are nested more than 40 levels deep." in text
    assert ProcedurePage.objects.count() == (0 if dry_run else 1)


def test_links_do_not_lead_out_of_the_folder(run: Run, folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "secret.md").write_text("# Secret\n")
    (folder / "in").mkdir()
    (folder / "in" / "good.md").write_text("# Good\n")
    (folder / "out.md").symlink_to(elsewhere / "secret.md")
    (folder / "way").symlink_to(elsewhere)
    (folder / "alias").symlink_to(folder / "in")
    (folder / "self.md").symlink_to(folder / "self.md")
    text, failed = run(folder)
    assert "1 new" in failed
    assert "out.md: It is a link that leads out of the folder" in text
    assert "way: It is a link to a folder elsewhere" in text
    assert "alias: It is a link to a folder; the files there are read where they are." in text
    assert "self.md: It cannot be read" in text
    assert list(ProcedurePage.objects.values_list("title", flat=True)) == ["Good"]


def test_an_image_that_is_a_link_out_of_the_folder_is_refused(run: Run, folder: Path, tmp_path: Path) -> None:
    digest = "a" * 64
    (tmp_path / "secret.png").write_bytes(b"x")
    (folder / "images").mkdir()
    (folder / "images" / f"{digest}.png").symlink_to(tmp_path / "secret.png")
    (folder / "a.md").write_text(
        "---\nredline: 1\nnumber: A-1\ntitle: A\nkind: repair\nlanguage: en\naudience: internal\n"
        f"steps:\n  - {{id: s, title: S, images: [{{sha256: {digest}, alt: x}}]}}\n---\n"
    )
    text, failed = run(folder)
    assert "1 file was not imported" in failed
    assert "is a link that leads out of the folder" in text


def test_a_text_that_cannot_be_rendered_is_reported_and_the_rest_goes_in(
    run: Run, folder: Path, line: ProductLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "deep", "c"):
        (folder / f"{name}.md").write_text(f"# Title {name}\n\n## One\n\n[x](a.md)\n")
    build_version = writing.build_version

    def failing(**options: Any) -> ProcedureVersion:
        if options["content"]["title"] == "Title deep":
            raise RecursionError
        return build_version(**options)

    monkeypatch.setattr(writing, "build_version", failing)  # no known text is nested deep enough to be it
    text, failed = run(folder, product_line="LM", codes_from="file-name", verbosity=2)
    assert "2 new, 0 changed, 0 unchanged; 2 versions. 1 file was not imported." in failed
    assert "deep.md: Its text is nested too deep to be shown." in text
    assert text.count("\ta.md") == 1
    assert set(ErrorCode.objects.values_list("code", flat=True)) == {"a", "c"}
    assert ProcedurePage.objects.count() == 2
    assert fixtree_says().count("No problems found") == 2
