"""The life of an index in Elasticsearch: made under a name of its own, filled, then swapped in behind two aliases.

Readers ask `PREFIX-read`, writers write `PREFIX-write`. An index is called PREFIX-HASH-TIME, where the hash is of its
mapping and settings and of how terms are made: another version of Redline that needs others sees it by the name.
"""

import hashlib
import json
import re
import time
from collections.abc import Collection, Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from elasticsearch import NotFoundError
from elasticsearch_dsl import Document, Keyword, Long, MetaField, Text

from search.agreement import Sums
from search.analysis import TERMS_VERSION
from search.documents import Entry
from search.engines.cluster import Cluster

_PREFIX = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
_FIXED = {
    # Told late, a deletion is still known: longer than any request is under way.
    "gc_deletes": "1h",
    # Named, so that an index nobody asked for a while is refreshed as well.
    "refresh_interval": "1s",
    "auto_expand_replicas": "0-1",
    "max_terms_count": 1_000_000,  # profiles that a person may see
}
_UNSET = {
    f"max_{name}": None
    for name in (
        "docvalue_fields_search",
        "inner_result_window",
        "ngram_diff",
        "refresh_listeners",
        "regex_length",
        "rescore_window",
        "result_window",
        "script_fields",
        "shingle_diff",
        "slices_per_scroll",
    )
}
"""Other limits: as Elasticsearch has them, whatever an index template of the cluster says."""
_WRITE_ALIAS = {"is_write_index": True}
"""How the alias that writers write is made; the other one has nothing of its own, and neither a filter or routing."""


class IndexedEntry(Document):
    """A search.documents.Entry. The terms are finished; Elasticsearch only splits them at blanks."""

    id = Long()
    revision = Long()
    profile = Keyword()
    updated = Long()  # seconds since 1970
    code = Keyword(ignore_above=8000)  # Lucene takes no longer one
    title = Text(analyzer="whitespace", copy_to=["terms"])
    codes = Text(analyzer="whitespace", copy_to=["terms"])
    text = Text(analyzer="whitespace", copy_to=["terms"])
    # In which documents a term stands, whatever the field: to match it, and to know how rare it is.
    terms = Text(analyzer="whitespace", index_options="docs", norms=False)

    class Meta:
        dynamic = MetaField("strict")


# elasticsearch-dsl has no public name for it.
MAPPING: Mapping[str, Any] = IndexedEntry._doc_type.mapping.to_dict()
VERSION = hashlib.sha256(json.dumps([MAPPING, _FIXED, TERMS_VERSION], sort_keys=True).encode()).hexdigest()[
    :8
]


def source_of(entry: Entry) -> dict[str, Any]:
    """The entry as IndexedEntry has it."""
    return {
        "id": entry.pk,
        "revision": entry.revision,
        "profile": entry.profile,
        "updated": entry.updated,
        "code": list(entry.codes),
        "title": entry.title_terms,
        "codes": entry.code_terms,
        "text": entry.text_terms,
    }


def check_prefix(prefix: str) -> None:
    """Raise ImproperlyConfigured where no index may be called like this."""
    if not _PREFIX.fullmatch(prefix):
        raise ImproperlyConfigured(
            f"REDLINE_ELASTICSEARCH_PREFIX is {prefix!r}: set lower-case letters, digits, - and _ only."
        )


class Indices:
    """The indices of one prefix."""

    def __init__(self, cluster: Cluster, prefix: str) -> None:
        check_prefix(prefix)
        self.prefix = prefix
        self.read, self.write = f"{prefix}-read", f"{prefix}-write"
        self._cluster = cluster
        self._ours = re.compile(re.escape(prefix) + r"-[0-9a-f]{8}-\d{16,}")

    def complaint(self) -> str:
        """What is wrong with what the aliases lead to, in words; "" where all is well."""
        try:
            with self._cluster.asked() as client:
                found = client.indices.get(
                    index=f"{self.read},{self.write}", features="aliases,mappings,settings"
                ).body
        except NotFoundError:
            return "it has no index, or an alias of it is missing"
        if len(found) != 1:
            return "its aliases lead to different indices"
        ((name, index),) = found.items()
        if set(index["aliases"]) < {self.read, self.write}:
            return f"the index {name} stands in the place of an alias"
        for alias, made in ((self.read, {}), (self.write, _WRITE_ALIAS)):
            if index["aliases"][alias] != made:
                return f"the alias {alias} was changed: {json.dumps(index['aliases'][alias])}"
        if index["settings"]["index"].get("verified_before_close") == "true":
            return f"the index {name} is closed"
        if not name.startswith(f"{self.prefix}-{VERSION}-"):
            return f"the index {name} is another version's"
        if what := _changed_in_mapping(index["mappings"]):
            return f"the mapping of the index {name} was changed: {what}"
        if what := _changed_in_settings(index["settings"]["index"]):
            return f"the settings of the index {name} were changed: {what}"
        return ""

    def sums(self, without: Collection[int]) -> Sums:
        """See search.agreement.Held. Raises NotFoundError too."""
        asked: dict[str, Any] = {
            "query": {"bool": {"must_not": {"ids": {"values": list(map(str, without))}}}},
            "size": 0,
            "track_total_hits": True,
            "aggs": {name: {"sum": {"field": name}} for name in ("id", "revision", "updated")},
        }
        with self._cluster.asked(patient=True) as client:
            client.indices.refresh(index=self.read)
            found = client.search(index=self.read, allow_partial_search_results=False, body=asked).body
        summed = {name: int(one["value"]) for name, one in found["aggregations"].items()}
        return Sums(found["hits"]["total"]["value"], summed["id"], summed["revision"], summed["updated"])

    def create(self) -> str:
        """A new, empty index that nobody reads yet; returns its name."""
        name = f"{self.prefix}-{VERSION}-{time.time_ns() // 1000:016}"
        with self._cluster.asked(patient=True) as client:
            client.indices.create(
                index=name,
                mappings=dict(MAPPING),
                # Nobody reads it while it is filled.
                settings=_FIXED
                | _UNSET
                | {"number_of_shards": settings.REDLINE_ELASTICSEARCH_SHARDS, "refresh_interval": "-1"},
            )
        return name

    def swap_in(self, name: str) -> None:
        """Both aliases lead to this index, from one moment to the next."""
        with self._cluster.asked(patient=True) as client:
            client.indices.put_settings(index=name, settings={"refresh_interval": _FIXED["refresh_interval"]})
            client.indices.refresh(index=name)
            existing = client.indices.get(
                index=f"{self.prefix}-*", features="aliases", expand_wildcards="all"
            ).body
            actions: list[dict[str, Any]] = []
            for index, found in existing.items():
                if index in (self.read, self.write):  # made by somebody's writing to a missing alias
                    actions.append({"remove_index": {"index": index}})
                actions += [
                    {"remove": {"index": index, "alias": alias}}
                    for alias in (self.read, self.write)
                    if alias in found["aliases"] and index != name
                ]
            actions.append({"add": {"index": name, "alias": self.read}})
            actions.append({"add": {"index": name, "alias": self.write, **_WRITE_ALIAS}})
            client.indices.update_aliases(actions=actions)

    def remove_others(self, name: str = "") -> None:
        """Remove the indices that no alias leads to: old ones, and what a rebuild that was killed left behind.

        Not the one of that name. To be called by whoever rebuilds, alone.
        """
        with self._cluster.asked(patient=True) as client:
            found = client.indices.get(
                index=f"{self.prefix}-*", features="aliases", expand_wildcards="all"
            ).body
            for index, described in found.items():
                used = {self.read, self.write} & set(described["aliases"])
                if self._ours.fullmatch(index) and index != name and not used:
                    client.indices.delete(index=index, ignore_unavailable=True)

    def remove_all(self) -> None:
        """Remove every index of the prefix."""
        with self._cluster.asked(patient=True) as client:
            for index in client.indices.get(index=f"{self.prefix}-*", features="aliases").body:
                if self._ours.fullmatch(index):
                    client.indices.delete(index=index, ignore_unavailable=True)


def _changed_in_mapping(found: Mapping[str, Any]) -> str:
    """What of ours is not as we made it, by name; what others have beside our fields does no harm.

    Runtime fields do: they are asked in the place of fields of that name, or of those that they are made from.
    """
    if runtime := found.get("runtime"):
        return f"runtime fields {', '.join(runtime)}"
    fields = found.get("properties", {})
    changed = [name for name, made in MAPPING["properties"].items() if fields.get(name) != made]
    changed += [key for key in ("dynamic", "_source", "_routing") if found.get(key) != MAPPING.get(key)]
    return ", ".join(changed)


def _changed_in_settings(found: Mapping[str, Any]) -> str:
    """What of ours is not as we set it, and which limits somebody set, by name."""
    changed = [name for name, value in _FIXED.items() if found.get(name) != str(value)]
    changed += [
        name
        for name, value in found.items()
        if name.startswith("max_") and name not in _FIXED and value is not None
    ]
    return ", ".join(changed)
