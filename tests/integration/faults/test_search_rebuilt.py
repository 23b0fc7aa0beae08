"""The index beside PostgreSQL is made anew while others write, search, are killed."""

import random
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from procedures.models import ErrorCode, ProductLine
from search import outbox
from search.engines import fed, sidecar_file
from search.engines.fed import RebuildUnderWay
from search.engines.sidecar import SidecarEngine
from search.indexing import rebuild
from search.models import SearchDocument, SearchProfile
from search.registry import DocumentData
from tests import factories as make
from tests.integration.faults.test_search_sidecar import (
    WORDS,
    check_whole,
    codes,
    die,
    elsewhere,
    end_of,
    engine,
    find,
    in_a_process,
    line,
    remove,
    rename,
)

pytestmark = pytest.mark.usefixtures("own_database")
__all__ = ["codes", "engine", "line"]


# Rebuilt


def between(before: Callable[[], Any], after: Callable[[], Any]) -> Callable[..., Iterable[DocumentData]]:
    """For rebuild(progress=): what others do after it has begun, and after it has read everything."""

    def progress(documents: Iterator[DocumentData]) -> Iterator[DocumentData]:
        elsewhere(before)
        everything = list(documents)
        elsewhere(after)
        yield from everything

    return progress


def test_a_rebuild_writes_nothing_older_over_what_is_newer(codes: list[ErrorCode], line: ProductLine) -> None:
    SearchDocument.objects.create(
        source="error_code", object_id="999999", number="E-999", profile=1, scope="public", url="/",
        updated_at=timezone.now(), title="nobody describes this",
    )  # fmt: skip
    SearchProfile.objects.create(pk=1, values={"scope": "nobody's"})
    made: list[ErrorCode] = []

    def before() -> None:
        made.append(make.error_code(line, "E-5", meaning="kowari"))
        made.append(make.error_code(line, "E-6", meaning="mulgara"))

    def after() -> None:
        rename(codes[0], "platypus")
        remove(codes[1])
        remove(made[0])
        rename(made[1], "ningaui")
        make.error_code(line, "E-7", meaning="kultarr")

    rebuild(between(before, after))
    check_whole()
    assert [find(word) for word in ("platypus", "ningaui", "kultarr")] == [["E-0"], ["E-6"], ["E-7"]]
    assert [find(word) for word in ("quokka", "wombat", "kowari", "mulgara", "E-999")] == [[]] * 5
    assert not SearchProfile.objects.filter(pk=1).exists()


def test_a_rebuild_while_many_write(codes: list[ErrorCode], line: ProductLine) -> None:
    done = threading.Event()

    def write(seed: int) -> None:
        chance = random.Random(seed)
        mine = [make.error_code(line, f"W{seed}-{n}", meaning="new") for n in range(4)]
        for turn in range(25):
            if turn % 8 == 7:
                remove(mine.pop())
            else:
                rename(chance.choice(mine), f"word{seed}{turn}")

    def rebuilds() -> None:
        while not done.is_set():
            rebuild()

    def writers() -> None:
        try:
            elsewhere(lambda: write(1), lambda: write(2))
        finally:
            done.set()

    elsewhere(rebuilds, writers)
    check_whole()


@pytest.mark.parametrize(
    ("owner", "name"), [(fed, "_describe"), (SidecarEngine, "refill"), (SidecarEngine, "write")]
)
def test_a_rebuild_that_is_killed(codes: list[ErrorCode], owner: object, name: str) -> None:
    with transaction.atomic():  # no signal, no reindex: only a rebuild sees it
        ErrorCode.objects.filter(pk=codes[0].pk).update(meaning="platypus")

    def killed() -> None:
        pytest.MonkeyPatch().setattr(owner, name, die)
        rebuild()

    assert end_of(in_a_process(killed)) == -signal.SIGKILL
    assert find("wombat") == ["E-1"], "the old index goes on answering"
    if name != "_describe":
        assert find("platypus") == ["E-0"], "what it had stored is told"
    rebuild()
    check_whole()
    assert find("platypus") == ["E-0"]


def test_the_second_rebuild_says_that_one_runs(
    codes: list[ErrorCode], monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[str] = []

    def second() -> None:
        with pytest.raises(RebuildUnderWay):
            rebuild()
        try:
            call_command("rebuild_search", verbosity=0)
        except CommandError as error:
            refused.append(str(error))

    rebuild(between(lambda: None, second))
    assert refused == ["The search index is being rebuilt already; let that end first."]
    check_whole()


def test_searches_go_on_while_the_index_is_made_anew(codes: list[ErrorCode]) -> None:
    with sidecar_file.alone(0), sidecar_file.anew():
        elsewhere(lambda: [find(word) for word in WORDS], lambda: rename(codes[0], "platypus"))
        found: list[str] = []
        elsewhere(lambda: found.extend(find("wombat")))
        assert found == ["E-1"]
    assert outbox.waiting().count == 1
    rebuild()
    check_whole()
