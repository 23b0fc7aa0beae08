"""What an engine refuses is tried again, given up, shown to administrators and sent again when they say so."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from kb.accounts.roles import ADMINISTRATOR
from review import scheduling
from search import feeding, outbox, switching
from search.documents import Entry
from search.engine import get_engine
from search.engines.fed import FedEngine
from search.engines.sidecar import SidecarEngine
from search.models import PendingChange
from search.outbox import Unreachable
from tests import factories as make
from tests.factories import signed_in
from tests.integration.search.conftest import Collection, document

pytestmark = pytest.mark.django_db


class Choosy(SidecarEngine):
    """Takes nothing whose title has the word "strange"; may be away."""

    heard: list[int]
    away = False

    @contextmanager
    def turn(self) -> Iterator[None]:
        if self.away:
            raise Unreachable("it is away")
        yield

    def put(self, entries: Sequence[Entry]) -> Mapping[int, str]:
        self.heard += [entry.pk for entry in entries]
        return {entry.pk: "too strange" for entry in entries if "strang" in entry.title_terms}

    def drop(self, gone: Mapping[int, int]) -> Mapping[int, str]:
        return {}

    def prepare(self) -> str:
        return ""

    def disagreement(self) -> str:
        return ""

    def refill(self) -> None:
        """There is no index behind it."""


@pytest.fixture
def choosy(monkeypatch: pytest.MonkeyPatch, collection: Collection) -> Choosy:
    """The site's engine, with a document that it takes and one that it refuses waiting."""
    engine = Choosy()
    engine.heard = []
    for module in ("search.feeding", "search.queries", "search.indexing"):
        monkeypatch.setattr(f"{module}.get_engine", lambda: engine)
    engine.index([document("a", "Pump"), document("b", "A strange pump")])
    return engine


def run() -> list[str]:
    return list(feeding.feed(timezone.now()))


def test_what_is_refused_is_tried_by_the_schedule_only_and_given_up(choosy: Choosy) -> None:
    PendingChange.objects.update(noted_at=timezone.now() - 2 * feeding.LATE)
    assert run() == ["1 document told to the search engine"]
    heard = len(choosy.heard)
    choosy.catch_up()
    assert len(choosy.heard) == heard, "no search tries again what was refused"
    for _time in range(outbox.ATTEMPTS + 2):
        run()
    (change,) = PendingChange.objects.all()
    assert (change.attempts, change.error) == (outbox.ATTEMPTS, "too strange")
    assert change.given_up_at is not None
    assert len(choosy.heard) == 1 + outbox.ATTEMPTS
    with pytest.raises(CommandError, match="1 was given up"):
        call_command("feed_search")
    choosy.index([document("b", "An ordinary pump")])
    run()
    assert not PendingChange.objects.exists(), "another text is another try"


def test_administrators_see_it_and_send_it_again(choosy: Choosy) -> None:
    for _time in range(outbox.ATTEMPTS):
        run()
    client = signed_in(make.make_user("the.admin", ADMINISTRATOR))
    page = client.get("/admin/search-engine/").content.decode()
    for said in ("A strange pump", "too strange", "Tried 5 times", "1 change was given up"):
        assert said in page, said
    assert "told everything" not in page
    assert "does not have what" not in page
    switching.doubt()
    assert "does not have what" in client.get("/admin/search-engine/").content.decode()
    for wanted in ("", "x", "0", "9" * 30, "-1"):
        client.post("/admin/search-engine/again/", {"change": wanted})
    assert outbox.waiting().given_up == 1
    assert client.get("/admin/search-engine/again/").status_code == 302
    client.post("/admin/search-engine/again/", {"change": PendingChange.objects.get().pk})
    assert (outbox.waiting().given_up, outbox.waiting().count) == (0, 1)
    assert "1 change waits" in client.get("/admin/search-engine/").content.decode()


def test_the_command_says_what_it_did_and_what_is_left(choosy: Choosy, capsys: Any) -> None:
    with pytest.raises(CommandError, match="1 change waits"):
        call_command("feed_search")
    assert capsys.readouterr().out == "1 document told to the search engine\n"
    with pytest.raises(CommandError, match="1 change waits"):
        call_command("feed_search")
    assert capsys.readouterr().out == ""
    PendingChange.objects.all().delete()
    call_command("feed_search")
    assert "Nothing waits" in capsys.readouterr().out
    switching.doubt()
    call_command("feed_search")
    assert capsys.readouterr().out.startswith("The search index was made anew")


@pytest.mark.parametrize("person", [make.documentation_staff, make.field_engineer])
def test_nobody_else_sees_or_sends_it(choosy: Choosy, person: Any) -> None:
    PendingChange.objects.update(given_up_at=timezone.now())
    client = signed_in(person())
    assert client.get("/admin/search-engine/").status_code in (302, 403)
    client.post("/admin/search-engine/again/", {"change": "all"})
    assert outbox.waiting().given_up == 2


def test_the_schedule_says_that_the_engine_is_away_and_what_waits(choosy: Choosy) -> None:
    choosy.away = True
    lines = [line for line in scheduling.run(timezone.now()) if isinstance(line, scheduling.Failure)]
    assert len(lines) == 1
    assert "cannot be reached: it is away. 2 changes wait" in lines[0]
    assert outbox.waiting().count == 2, "nobody's fault: no attempt is counted"
    choosy.tell_soon()
    assert choosy._paused_until > 0, "nobody waits for it again at once"


def test_auto_goes_by_the_database() -> None:
    from django.db import connection

    assert isinstance(get_engine(), FedEngine) == (connection.vendor == "postgresql")
