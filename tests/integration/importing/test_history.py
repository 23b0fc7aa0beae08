"""--history: git's revisions of a file become its versions."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.utils import timezone

from procedures.content import canonical_content, content_hash
from procedures.importing.history import read_history
from procedures.models import ProcedurePage, ProcedureVersion
from tests.integration.importing.conftest import Run
from tests.integration.importing.git_folder import GitFolder

LONG = "Check the fan of every module, write its speed down, then compare it with the table on the door."


def day(number: int) -> datetime:
    return datetime(2024, 1, number, 12, tzinfo=UTC)


@pytest.fixture
def repository(folder: Path) -> GitFolder:
    return GitFolder(folder)


def versions(number: str) -> list[ProcedureVersion]:
    return list(ProcedureVersion.objects.filter(number=number).order_by("major", "minor"))


@pytest.mark.django_db
def test_revisions_become_versions_with_author_date_and_message(run: Run, repository: GitFolder) -> None:
    repository.commit(
        "First text\n\nWhy.\n\nSigned-off-by: Ann <a@example.org>", {"a.md": f"# A\n\n## Fan\n\n{LONG}\n"}
    )
    repository.commit("Only white space", {"a.md": f"# A\n\n\n## Fan\n\n{LONG}  \n\n"})
    repository.commit(
        "Rename the step", {"a.md": f"# A\n\n## Check the fan\n\n{LONG}\n\n## Close\n\nx\n"}, author="Bob"
    )
    _text, failed = run(repository.root, history=True)
    assert not failed

    first, second = versions("SET-a")
    assert (first.author_name, first.change_summary) == ("Ann", "First text\n\nWhy.")
    assert (second.author_name, second.change_summary) == ("Bob", "Rename the step")
    assert (first.effective_from, first.approved_at, first.superseded_at) == (day(1), day(1), day(3))
    assert (first.status, second.status, second.label) == ("superseded", "effective", "1.1")
    assert second.steps[0]["id"] == first.steps[0]["id"]
    page = ProcedurePage.objects.get()
    assert page.live_revision_id == second.revision_id
    assert content_hash(canonical_content(page)) == second.sha256
    for version in (first, second):
        assert content_hash(canonical_content(version.revision.as_object())) == version.sha256

    assert "1 unchanged; 0 versions" in run(repository.root, history=True)[0]
    assert "1 unchanged; 0 versions" in run(repository.root)[0]


@pytest.mark.django_db
def test_the_date_is_the_author_s_but_never_goes_back_nor_ahead(run: Run, repository: GitFolder) -> None:
    dates = ("2019-03-01T10:00:00+02:00", "2021-05-05T00:00:00Z", "2020-01-01T00:00:00Z", "", "2099-01-01T00:00:00Z",
             "2098-01-01T00:00:00Z", "")  # fmt: skip
    for number, written in enumerate(dates[:3]):
        repository.commit(f"{number}", {"a.md": f"# A\n\n## S\n\n{number}\n"}, written=written)
    run(repository.root, history=True)
    for number, written in enumerate(dates[3:], 3):
        repository.commit(f"{number}", {"a.md": f"# A\n\n## S\n\n{number}\n"}, written=written)
    run(repository.root, history=True)
    found = [version.effective_from for version in versions("SET-a")]
    assert len(found) == len(dates)
    assert found[:4] == [
        datetime(2019, 3, 1, 8, tzinfo=UTC),
        datetime(2021, 5, 5, tzinfo=UTC),
        datetime(2021, 5, 5, 0, 0, 1, tzinfo=UTC),
        day(4),
    ]
    assert found == sorted(set(found))
    assert found[-1] <= timezone.now()
    assert "1 unchanged; 0 versions" in run(repository.root, history=True)[0]


@pytest.mark.parametrize("stamp", ["99999999999999999 +0000", "1700000000 +9959", "nonsense"])
@pytest.mark.django_db
def test_a_broken_date_costs_nothing_but_itself(run: Run, repository: GitFolder, stamp: str) -> None:
    repository.commit("one", {"a.md": "# A\n\n## S\n\nx\n"})
    commit = repository.git("cat-file", "commit", "HEAD")
    line = next(line for line in commit.splitlines() if line.startswith("author"))
    (repository.root / ".git" / "broken").write_text(
        commit.replace(line, f"author Ann <a@example.org> {stamp}")
    )
    name = repository.git("hash-object", "-t", "commit", "-w", "--literally", ".git/broken").strip()
    repository.git("update-ref", "refs/heads/main", name)
    _text, failed = run(repository.root, history=True)
    assert not failed
    assert versions("SET-a")[0].effective_from <= timezone.now()


@pytest.mark.django_db
def test_new_commits_continue_where_the_last_import_ended(run: Run, repository: GitFolder) -> None:
    repository.commit("one", {"a.md": "# A\n\n## S\n\n1\n"})
    run(repository.root, history=True)
    repository.commit("two", {"a.md": "# A\n\n## S\n\n2\n"})
    repository.commit("three", {"a.md": "# A\n\n## S\n\n3\n"})
    run(repository.root, history=True)
    assert [(version.label, version.change_summary) for version in versions("SET-a")] == [
        ("1.0", "one"), ("1.1", "two"), ("1.2", "three"),
    ]  # fmt: skip
    # What is not committed yet is a version as well, and its commit adds none.
    repository.write("a.md", "# A\n\n## S\n\n4\n")
    assert "1 changed" in run(repository.root, history=True)[0]
    assert len(versions("SET-a")) == 4
    repository.commit("four")
    assert "1 unchanged; 0 versions" in run(repository.root, history=True)[0]


@pytest.mark.django_db
def test_unreadable_revisions_are_reported_and_left_out(run: Run, repository: GitFolder) -> None:
    repository.commit("one", {"a.md": "# A\n\n## S\n\n1\n"})
    repository.commit("latin", {"a.md": b"# A\xe9\n"})
    repository.commit("untitled", {"a.md": "text\n"})
    repository.commit("back", {"a.md": "# A\n\n## S\n\n2\n"})
    text, failed = run(repository.root, history=True)
    assert failed == "1 new, 0 changed, 0 unchanged; 2 versions. 2 revisions were left out."
    assert "It is not UTF-8" in text
    assert "It has no title" in text
    assert [version.change_summary for version in versions("SET-a")] == ["one", "back"]


@pytest.mark.django_db
def test_renamed_deleted_and_returned_files(run: Run, repository: GitFolder) -> None:
    text = f"# A\n\n## S\n\n{LONG}\n{LONG}\n"
    repository.commit("one", {"old.md": text, "gone.md": "# Gone\n", "back.md": "# Back\n\n1\n"})
    run(repository.root, history=True)
    repository.git("mv", "old.md", "new.md")
    repository.git("rm", "-q", "gone.md", "back.md")
    repository.commit("rename")
    repository.commit("edit", {"new.md": text + "more\n", "back.md": "# Back\n\n2\n"})
    said, failed = run(repository.root, history=True)
    assert not failed
    assert "SET-gone stays until it is withdrawn" in said
    page = ProcedurePage.objects.get(source_key="set:new.md")
    assert page.number == "SET-old"  # a number is never changed by a file's name
    assert [version.change_summary for version in page.versions.order_by("minor")] == ["one", "edit"]
    assert [version.change_summary for version in versions("SET-back")] == ["one", "edit"]


@pytest.mark.django_db
def test_a_first_import_follows_a_rename_back(run: Run, repository: GitFolder) -> None:
    text = f"# A\n\n## S\n\n{LONG}\n{LONG}\n"
    repository.commit("one", {"sub/old.md": text})
    repository.git("mv", "sub/old.md", "new.md")
    repository.commit("rename")
    repository.commit("edit", {"new.md": text + "more\n"})
    run(repository.root, history=True)
    assert [version.change_summary for version in versions("SET-new")] == ["one", "edit"]


def test_a_merge_counts_once_on_its_day_and_names_who_wrote_it(tmp_path: Path) -> None:
    repository = GitFolder(tmp_path / "set")
    repository.commit("one", {"docs/a.md": "1", "docs/b.md": "b"})
    repository.git("checkout", "-q", "-b", "side")
    repository.commit("two by Bob", {"docs/a.md": "2"}, author="Bob")
    repository.git("checkout", "-q", "main")
    repository.commit("b", {"docs/b.md": "bb"})
    repository._day += 1
    repository.git("merge", "-q", "--no-ff", "-m", "Merge side", "side", author="Max")
    history = read_history(repository.root / "docs")
    assert [(each.author, each.message, each.date) for each in history.files["a.md"]] == [
        ("Ann", "one", day(1)),
        ("Bob", "two by Bob", day(2)),
    ]
    assert len(history.files["b.md"]) == 2
