"""Django's handle on the search app."""

import logging
from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

logger = logging.getLogger(__name__)


class SearchConfig(AppConfig):
    """Search; other apps register what there is to find from their own ready()."""

    name = "search"
    verbose_name = _("Search")

    def ready(self) -> None:
        checks.register(_check_engine)
        post_migrate.connect(_make_whole, sender=self)


def _check_engine(**kwargs: Any) -> list[checks.CheckMessage]:
    """That REDLINE_SEARCH_ENGINE names an engine, and one that can be had here; and what that one needs."""
    from search.engine import get_engine
    from search.engines.fed import FedEngine

    try:
        engine = get_engine()
    except ImproperlyConfigured as error:
        return [checks.Error(str(error), id="search.E001")]
    wrong = engine.misconfigured() if isinstance(engine, FedEngine) else ()
    return [checks.Error(why, id="search.E002") for why in wrong]


def _make_whole(using: str, plan: Any = (), **kwargs: Any) -> None:
    """Another release may describe its documents otherwise, or have other terms; what the index is made from is all
    there once every app is migrated.
    """
    from search import switching
    from search.engine import get_engine
    from search.engines.sqlite import SqliteEngine
    from search.indexing import rebuild
    from search.models import IndexState
    from search.outbox import Unreachable

    if using != DEFAULT_DB_ALIAS:
        return
    executor = MigrationExecutor(connections[using])
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        return
    try:
        if any(step.app_label == "search" for step, _backwards in plan or ()):
            rebuild()
        elif isinstance(get_engine(), SqliteEngine) and IndexState.objects.exists():
            switching.make_whole(get_engine())
    except Unreachable as error:  # the documents are stored; the engine is told when it is back
        logger.warning("The search index is filled later: %s", error)
