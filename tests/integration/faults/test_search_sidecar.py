"""The search index in its own file: damaged, killed, rebuilt and written to at once; nothing is lost or left over."""

import os
import random
import signal
import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction
from django.test import Client
from django.utils import timezone

from procedures.access import readable_audiences
from procedures.models import ErrorCode, ProductLine
from search import apps, feeding, outbox
from search.engine import SearchQuery, get_engine
from search.engines import sidecar as sidecar_engine
from search.engines import sidecar_file
from search.engines.places import pk_of
from search.engines.sidecar import SidecarEngine
from search.indexing import rebuild, reindex
from search.models import PendingChange, SearchDocument, SearchProfile
from search.outbox import Unreachable
from tests import factories as make

pytestmark = pytest.mark.usefixtures("own_database")
WORDS = ("quokka", "wombat", "numbat", "potoroo", "bilby")


@pytest.fixture
def engine(own_database: str, settings: Any, tmp_path: Path) -> SidecarEngine:
    settings.REDLINE_SEARCH_ENGINE = "sidecar"  # on SQLite too: the same code
    engine = get_engine()
    assert isinstance(engine, SidecarEngine)
    engine._paused_until = 0.0
    return engine


@pytest.fixture
def line(engine: SidecarEngine) -> ProductLine:
    return make.product_line("LM")


@pytest.fixture
def codes(line: ProductLine) -> list[ErrorCode]:
    """Five error codes, each with a word of its own, told to the index."""
    made = [make.error_code(line, f"E-{n}", meaning=word) for n, word in enumerate(WORDS)]
    rebuild()
    return made


def find(word: str) -> list[str]:
    scopes = frozenset(map(str, readable_audiences(make.User(is_superuser=True, is_active=True))))
    scopes |= {"internal", "public", "customer"}
    hits = get_engine().search(SearchQuery(text=word, scopes=scopes)).hits
    return [hit.document.number for hit in hits]


@transaction.atomic
def rename(code: ErrorCode, word: str) -> None:
    ErrorCode.objects.filter(pk=code.pk).update(meaning=word)
    reindex("error_code", [code.pk])


@transaction.atomic
def remove(code: ErrorCode) -> None:
    ErrorCode.objects.filter(pk=code.pk).delete()
    reindex("error_code", [code.pk])


def check_whole() -> None:
    """The index has just what the documents say, and the documents what the data say; nothing waits."""
    list(feeding.feed(timezone.now()))
    assert not PendingChange.objects.exists()
    with sidecar_file.connected().cursor() as cursor:
        entries = dict(cursor.execute("SELECT id, revision FROM search_entry").fetchall())
        places = {at for (at,) in cursor.execute("SELECT place FROM search_entry").fetchall()}
        assert places == {at for (at,) in cursor.execute("SELECT rowid FROM search_index").fetchall()}
        cursor.execute("INSERT INTO search_index (search_index) VALUES ('integrity-check')")
    assert entries == dict(SearchDocument.objects.values_list("pk", "revision"))
    assert set(map(pk_of, places)) == set(entries)
    stored = dict(SearchDocument.objects.filter(source="error_code").values_list("number", "title"))
    assert stored == {code.code: f"{code.code} · {code.meaning}" for code in ErrorCode.objects.all()}
    assert not SearchDocument.objects.exclude(profile__in=SearchProfile.objects.values("pk")).exists()


def elsewhere(*actions: Callable[[], Any]) -> None:
    """Each in a thread with connections of its own, to its end."""
    failed: list[BaseException] = []

    def run(action: Callable[[], Any]) -> None:
        try:
            action()
        except (
            BaseException
        ) as error:  # a thread's own would be lost, pytest's failures (no Exception) as well
            failed.append(error)
        finally:
            connection.close()
            sidecar_file.disconnect()

    threads = [threading.Thread(target=run, args=[action]) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive()
    if failed:
        raise failed[0]


def in_a_process(action: Callable[[], Any]) -> int:
    """Starts it in another process; gives the pid."""
    connections.close_all()
    pid = os.fork()
    if pid == 0:
        try:
            action()
            connections.close_all()
        except BaseException:  # whatever it is, the copy must not go on with the tests
            os._exit(1)
        os._exit(0)
    return pid


def end_of(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def die(*_arguments: Any, **_named: Any) -> None:
    """For the place of a function of this process, which ends as it is called."""
    os.kill(os.getpid(), signal.SIGKILL)


# Told


def test_what_is_committed_is_found_and_what_is_rolled_back_is_not(
    codes: list[ErrorCode], engine: SidecarEngine
) -> None:
    rename(codes[0], "platypus")
    assert not PendingChange.objects.exists(), "told right after the commit"
    assert (find("platypus"), find("quokka")) == (["E-0"], [])
    with transaction.atomic():
        rename(codes[1], "echidna")
        assert find("echidna") == [], "nothing is told inside a transaction"
        with pytest.raises(RuntimeError):
            outbox.tell(engine)
        transaction.set_rollback(True)
    assert (find("echidna"), find("wombat")) == ([], ["E-1"])
    remove(codes[2])
    assert find("numbat") == []
    check_whole()


@pytest.mark.parametrize("told_by", ["search", "schedule"])
def test_killed_between_the_commit_and_telling(codes: list[ErrorCode], told_by: str) -> None:
    def change() -> None:
        pytest.MonkeyPatch().setattr(SidecarEngine, "tell_soon", die)
        rename(codes[0], "platypus")

    assert end_of(in_a_process(change)) == -signal.SIGKILL
    assert outbox.waiting().count == 1
    if told_by == "schedule":
        PendingChange.objects.update(noted_at=timezone.now() - 2 * feeding.LATE)
        assert list(feeding.feed(timezone.now())) == ["1 document told to the search engine"]
    assert (find("platypus"), find("quokka")) == (["E-0"], [])
    check_whole()


@pytest.mark.parametrize(("owner", "name"), [(SidecarEngine, "put"), (outbox, "_settle")])
def test_killed_while_telling(codes: list[ErrorCode], owner: object, name: str) -> None:
    def change() -> None:
        pytest.MonkeyPatch().setattr(owner, name, die)
        rename(codes[0], "platypus")

    assert end_of(in_a_process(change)) == -signal.SIGKILL
    assert outbox.waiting().count == 1
    assert find("platypus") == ["E-0"]
    check_whole()


def test_two_processes_tell_at_once(codes: list[ErrorCode], line: ProductLine) -> None:
    with transaction.atomic():
        for n in range(300):
            make.error_code(line, f"F-{n}", meaning=f"marsupial {n}")
        transaction.on_commit(lambda: None)
    for code in codes:
        PendingChange.objects.update_or_create(
            document=SearchDocument.objects.get(number=code.code).pk,
            defaults={"revision": 1, "noted_at": timezone.now()},
        )

    def work() -> None:
        list(feeding.feed(timezone.now()))
        for code in codes:
            rename(code, "dunnart")

    assert [end_of(pid) for pid in [in_a_process(work), in_a_process(work)]] == [0, 0]
    check_whole()
    assert sorted(find("dunnart")) == [code.code for code in codes]


# The file


def gone(path: Path) -> None:
    path.unlink()


def truncated(path: Path) -> None:
    os.truncate(path, 5_000)


def emptied(path: Path) -> None:
    os.truncate(path, 0)


def garbage(path: Path) -> None:
    path.write_bytes(random.Random(5).randbytes(40_000))


def scratched(path: Path) -> None:
    """The header stays, so that it opens."""
    with path.open("r+b") as file:
        file.seek(4_096)
        file.write(random.Random(6).randbytes(path.stat().st_size - 4_096))


def old_version(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 0")
    database.close()


def another_databases(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("UPDATE search_origin SET name = 'another'")
    database.close()


@pytest.mark.parametrize("running", [True, False], ids=["open", "not open"])
@pytest.mark.parametrize(
    "damage",
    [gone, truncated, emptied, garbage, scratched, old_version, another_databases],
    ids=lambda damage: damage.__name__,
)
def test_an_unfit_file_is_made_anew_by_itself(
    codes: list[ErrorCode], damage: Callable[[Path], None], running: bool, client: Client
) -> None:
    with sidecar_file.connected().cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    if not running:
        sidecar_file.disconnect()
    damage(Path(site.REDLINE_SEARCH_SIDECAR))
    if running:
        assert client.get("/search/", {"q": "quokka"}).status_code == 200
        sidecar_file.disconnect()  # what SQLite still held in memory of the damaged file goes with it
    for word, code in zip(WORDS, codes, strict=True):
        assert find(word) == [code.code]
    rename(codes[0], "platypus")
    assert find("platypus") == ["E-0"]
    check_whole()
    aside = list(Path(site.REDLINE_SEARCH_SIDECAR).parent.glob("*.aside-*"))
    if damage is garbage:
        assert len(aside) == 1, "nothing of others is thrown away"


@pytest.mark.parametrize("in_log", [False, True])
def test_the_database_of_another_program_stays_where_it_is(
    codes: list[ErrorCode], in_log: bool, client: Client
) -> None:
    path = Path(site.REDLINE_SEARCH_SIDECAR)
    sidecar_file.disconnect()
    path.unlink()
    other = sqlite3.connect(path)
    if in_log:  # the file itself is as good as empty
        other.execute("PRAGMA journal_mode=WAL")
        other.execute("PRAGMA wal_autocheckpoint=0")
    other.execute("CREATE TABLE accounts (balance)")
    other.commit()
    content = path.read_bytes()
    with pytest.raises(Unreachable, match="database of another program"):
        find("quokka")
    for command in ("feed_search", "rebuild_search"):
        with pytest.raises(CommandError, match="database of another program"):
            call_command(command)
    with pytest.raises(Unreachable):
        sidecar_file.put_aside()
    assert client.get("/search/", {"q": "quokka"}).status_code == 200
    assert path.read_bytes() == content
    assert other.execute("SELECT COUNT(*) FROM accounts").fetchone() == (0,)
    other.close()
    assert not list(path.parent.glob("*.aside-*"))
    path.unlink()
    call_command("feed_search")
    assert find("quokka") == ["E-0"]


def test_a_folder_in_its_place_stays_where_it_is(codes: list[ErrorCode], engine: SidecarEngine) -> None:
    path = Path(site.REDLINE_SEARCH_SIDECAR)
    sidecar_file.disconnect()
    path.unlink()
    path.mkdir()
    (wrong,) = engine.misconfigured()
    assert "is a folder" in wrong
    with pytest.raises(CommandError, match="is a folder"):
        call_command("feed_search")
    assert path.is_dir()
    path.rmdir()
    assert find("quokka") == ["E-0"]


def test_the_sites_own_database_is_not_taken_for_the_index(engine: SidecarEngine, settings: Any) -> None:
    assert not [*engine.misconfigured()]
    if connection.vendor == "sqlite":
        for suffix in ("", "-wal"):
            settings.REDLINE_SEARCH_SIDECAR = Path(f"{connection.settings_dict['NAME']}{suffix}")
            (wrong,) = engine.misconfigured()
            assert "own database" in wrong
            with pytest.raises(CommandError, match="own database"):
                call_command("feed_search")
        assert not list(Path(connection.settings_dict["NAME"]).parent.glob("*.aside-*"))


@pytest.mark.parametrize("folder", ["/proc/x/y", "file/y"])
def test_a_folder_that_cannot_be_made_is_said_when_the_site_is_checked(
    engine: SidecarEngine, settings: Any, tmp_path: Path, folder: str
) -> None:
    (tmp_path / "file").write_text("")
    settings.REDLINE_SEARCH_SIDECAR = tmp_path / folder / "search.sqlite3"
    (wrong,) = apps._check_engine()
    assert (wrong.id, "REDLINE_SEARCH_SIDECAR" in wrong.msg) == ("search.E002", True)


def test_a_file_of_a_newer_redline_is_left_alone(codes: list[ErrorCode]) -> None:
    sidecar_file.disconnect()
    with sqlite3.connect(site.REDLINE_SEARCH_SIDECAR) as database:
        database.execute(f"PRAGMA user_version = {sidecar_file.VERSION + 1}")
    database.close()
    with pytest.raises(Unreachable, match="newer"):
        find("quokka")


def test_a_file_that_cannot_be_written_still_answers(codes: list[ErrorCode]) -> None:
    with sidecar_file.connected().cursor() as cursor:
        cursor.execute("PRAGMA query_only = 1")  # root may write to any file
    rename(codes[0], "platypus")
    assert ErrorCode.objects.get(pk=codes[0].pk).meaning == "platypus"
    assert (find("quokka"), find("wombat")) == (["E-0"], ["E-1"])
    with pytest.raises(CommandError, match=r"cannot be reached.*1 change waits"):
        call_command("feed_search")
    sidecar_file.disconnect()
    call_command("feed_search")
    assert find("platypus") == ["E-0"]
    check_whole()


def test_where_no_file_can_be_the_database_answers_and_says_so(
    codes: list[ErrorCode], settings: Any, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    settings.REDLINE_SEARCH_SIDECAR = tmp_path / "file" / "search.sqlite3"
    client = make.signed_in(make.documentation_staff())
    page = client.get("/search/", {"q": "E-1 wombat"}).content.decode()
    assert "The search engine is away" in page
    assert "<mark>wombat</mark>" in page
    assert "quokka" not in page
    assert b"wombat" in client.get("/search/suggest/", {"q": "womb"}).content
    rename(codes[1], "platypus")
    assert "platypus" in client.get("/search/", {"q": "platypus"}).content.decode().split('id="results"')[1]


def test_many_documents_are_made_anew_while_the_database_answers(
    codes: list[ErrorCode], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sidecar_engine, "SOME", 0)
    Path(site.REDLINE_SEARCH_SIDECAR).unlink()
    with pytest.raises(Unreachable):
        find("quokka")
    until = time.monotonic() + 30
    while True:
        try:
            assert find("quokka") == ["E-0"]
            break
        except Unreachable:
            assert time.monotonic() < until
            time.sleep(0.05)
    check_whole()
