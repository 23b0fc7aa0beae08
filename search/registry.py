"""The sources of what can be found; each app registers its own from AppConfig.ready()."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.models import AnonymousUser
    from django_stubs_ext import StrOrPromise

    User = AbstractBaseUser | AnonymousUser


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentData:
    """One document as its source describes it; the fields are SearchDocument's."""

    source: str
    object_id: str
    title: str
    url: str
    scope: str
    updated_at: datetime
    text: str = ""
    language: str = ""
    kind: str = ""
    status: str = ""
    codes: Sequence[str] = ()
    lines: Sequence[str] = ()
    models: Sequence[str] = ()
    releases: Sequence[str] = ()
    passages: Sequence[tuple[int, str]] = ()
    number: str = ""
    version_label: str = ""


def no_models(user: "User") -> "Mapping[str, StrOrPromise]":
    return {}


def no_warnings(ids: Sequence[str]) -> "Mapping[str, StrOrPromise]":
    return {}


def starts_of(passages: Sequence[str]) -> list[int]:
    """Where each begins in the text that they make joined by line ends: the offsets of DocumentData.passages."""
    return list(accumulate((len(passage) + 1 for passage in passages[:-1]), initial=0))


@dataclass(frozen=True, slots=True)
class Source:
    """What one app puts up for finding.

    `documents(ids)` yields the documents of these primary keys, of everything if None; a key it yields
    nothing for is taken out of the index. `scopes(user)` are the scopes this person may see. `visible_to`
    is asked again for every hit about to be shown and returns those object ids that may be. `kinds`,
    `statuses` and `audiences` are what kinds, statuses and scopes are called, and `passage` what the n-th
    passage of a document is, with %(number)s for n. `names` says by facet what values of it are called; one
    that it leaves out is not offered. `models` are the equipment models that this person may call theirs, those
    that are theirs already first. `weight` (above 0) multiplies the rank of its documents, and of
    several that bear a code that was asked for the heavier come first. `answers` is whether they answer questions or,
    as tickets do, ask them: where only such have every word, others are looked for as well. `equipment` has documents
    that are machines: who names one asks for what applies to it. `bilingual` ones have titles that tell the same in each
    language ("E-1042 · Fan stalled · 风扇停转"). `warnings` says of those object ids that nobody is
    to use for now what a hit says instead of its text.
    """

    name: str
    label: "StrOrPromise"
    documents: Callable[[Iterable[object] | None], Iterator[DocumentData]]
    visible_to: "Callable[[User, Sequence[str]], set[str]]"
    scopes: "Callable[[User], frozenset[str]]"
    kinds: "Mapping[str, StrOrPromise]" = field(default_factory=dict)
    statuses: "Mapping[str, StrOrPromise]" = field(default_factory=dict)
    audiences: "Mapping[str, StrOrPromise]" = field(default_factory=dict)
    passage: "StrOrPromise" = ""
    names: "Mapping[str, Callable[[Collection[str]], Mapping[str, StrOrPromise]]]" = field(
        default_factory=dict
    )
    models: "Callable[[User], Mapping[str, StrOrPromise]]" = no_models
    weight: float = 1.0
    answers: bool = True
    equipment: bool = False
    bilingual: bool = False
    warnings: "Callable[[Sequence[str]], Mapping[str, StrOrPromise]]" = no_warnings


_sources: dict[str, Source] = {}


def register(source: Source) -> None:
    """Add a source. Raises ValueError if another one has its name."""
    if _sources.setdefault(source.name, source) is not source:
        raise ValueError(f"A search source named {source.name!r} is registered already.")


def sources() -> tuple[Source, ...]:
    """All sources, in the order they were registered."""
    return tuple(_sources.values())


def get_source(name: str) -> Source | None:
    """The source of that name, if any."""
    return _sources.get(name)


def scopes_for(user: "User") -> frozenset[str]:
    """Every scope that some source lets this person see."""
    return frozenset().union(*(source.scopes(user) for source in sources()))
