"""A small collection in the search index, and the source that answers for it."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from search import registry, switching
from search.engine import Engine, SearchQuery, _engine, get_engine
from search.engines.elastic import ElasticEngine
from search.models import IndexState
from search.registry import DocumentData, Source
from tests.node import Node

PUBLIC = frozenset({"public"})
STAFF_SCOPES = frozenset({"public", "internal"})


def document(object_id: str, title: str, text: str = "", **fields: Any) -> DocumentData:
    """A document of the test source, public unless told otherwise."""
    values: dict[str, Any] = {
        "source": "guide",
        "scope": "public",
        "url": f"/guide/{object_id}/",
        "language": "en",
        "updated_at": datetime(2026, 1, 1, tzinfo=UTC),
    }
    return DocumentData(object_id=object_id, title=title, text=text, **values | fields)


COLLECTION = [
    document("code", "Stage error", "The stage stops.", kind="error", codes=["E-1042"], models=["VL500S"]),
    document(
        "mention",
        "E-1042 E-1042",
        "E-1042 E-1042 E1042 after E-1042. " * 3,
        kind="repair",
        models=["NX-2000"],
    ),
    document("bearing", "更换轴承", "报E-1042后，更换VL500S型主轴承。", language="zh-hans", kind="repair"),
    document(
        "axis", "轴心承压", "轴心检查，承压测量。", language="zh-hans", kind="maintain", models=["VL500S"]
    ),
    document(
        "calibrate",
        "Laser calibration",
        "Calibrate the laser; torque 45 Nm.",
        number="SOP-1001",
        kind="calibrate",
    ),
    document("slow", "CephOSDSlowOps", "Slow operations on a disk.", kind="error", codes=["CephOSDSlowOps"]),
    document(
        "secret",
        "Laser calibration secrets",
        "laser E-1042 轴承",
        scope="internal",
        kind="secret",
        models=["X9"],
    ),
]


class Collection:
    """The test source's data; change it and reindex."""

    def __init__(self) -> None:
        self.data = {data.object_id: data for data in COLLECTION}
        self.hidden: set[str] = set()

    def documents(self, ids: Iterable[object] | None) -> Iterator[DocumentData]:
        wanted = None if ids is None else set(map(str, ids))
        return iter([d for key, d in self.data.items() if wanted is None or key in wanted])

    def visible_to(self, user: Any, ids: Sequence[str]) -> set[str]:
        return {key for key in ids if key in self.data and key not in self.hidden}

    def scopes(self, user: Any) -> frozenset[str]:
        return STAFF_SCOPES if getattr(user, "is_staff", False) else frozenset({"public"})


@pytest.fixture
def collection(monkeypatch: pytest.MonkeyPatch) -> Collection:
    """The only registered source, not indexed yet."""
    collection = Collection()
    monkeypatch.setattr(registry, "_sources", {})
    registry.register(
        Source(
            "guide",
            "Guide",
            collection.documents,
            collection.visible_to,
            collection.scopes,
            kinds={"repair": "Repair"},
        )
    )
    return collection


# `ENGINES` of a module whose tests hold for every engine.
BOTH = (
    pytest.param("auto", marks=pytest.mark.django_db),
    # It hears of a change after the commit.
    pytest.param("elasticsearch", marks=[pytest.mark.elasticsearch, pytest.mark.django_db(transaction=True)]),
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    engines = getattr(metafunc.module, "ENGINES", None)
    if engines and "engine" in metafunc.fixturenames:
        metafunc.parametrize("engine", engines, indirect=True)


@pytest.fixture
def engine(request: pytest.FixtureRequest, collection: Collection) -> Engine:
    """The engine asked for with the collection in it; the database's own where none is."""
    if getattr(request, "param", "auto") == "elasticsearch":
        request.getfixturevalue("elastic")
    elif not request.node.get_closest_marker("django_db"):
        request.getfixturevalue("db")
    engine = get_engine()
    engine.rebuild(COLLECTION)
    return engine


@pytest.fixture(scope="session")
def node() -> Iterator[Node]:
    """A real Elasticsearch, running. Whoever kills or freezes it leaves it running as it was."""
    node = Node()
    try:
        node.start()
        yield node
    finally:
        node.remove()


def begin_with_this_engine() -> None:
    """As a site that has no other engine on record."""
    IndexState.objects.all().delete()
    switching.forget()


@pytest.fixture
def elastic(request: pytest.FixtureRequest, node: Node, settings: Any) -> Iterator[ElasticEngine]:
    """The site's engine is Elasticsearch, without an index yet."""
    settings.REDLINE_SEARCH_ENGINE = "elasticsearch"
    settings.REDLINE_ELASTICSEARCH_URL = node.url
    settings.REDLINE_ELASTICSEARCH_PREFIX = "redline-tests"
    settings.REDLINE_ELASTICSEARCH_TIMEOUT = 20  # a busy machine is no fault
    _engine.cache_clear()
    engine = get_engine()
    assert isinstance(engine, ElasticEngine)
    if request.node.get_closest_marker("django_db"):
        begin_with_this_engine()
    yield engine
    engine.indices.remove_all()
    _engine.cache_clear()


def ids(
    engine: Engine, text: str, scopes: frozenset[str] = frozenset({"public"}), **filters: Any
) -> list[str]:
    """Object ids found, best first."""
    results = engine.search(SearchQuery(text=text, scopes=scopes, **filters))
    return [hit.document.object_id for hit in results.hits]
