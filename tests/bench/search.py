"""How much CPU the search takes among 100,000 documents; run() replaces the index of the database in use.

Words are as frequent as in real text (Zipf's law), so that some stand in nearly every document and most in few; a
question's words are taken from a document. REDLINE_BENCH_DOCUMENTS makes it another number.
"""

import os
import random
import re
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import accumulate, islice

from django.db import connections

from search.engine import Engine, SearchQuery, get_engine
from search.registry import DocumentData

DOCUMENTS = int(os.environ.get("REDLINE_BENCH_DOCUMENTS", "100000"))
QUERIES = 300
WARMING = 50  # others of a kind before
WORDS = 30_000
"""Words of each language."""
TARGETS = {  # CPU ms: p50, p95
    "one word": (5, 50),
    "a phrase": (2, 10),
    "two characters": (3, 35),
    "filtered": (6, 12),
    "a suggestion": (2, 10),
    "similar to a ticket": (15, 60),
}
_SCOPES = frozenset({"public", "customer", "internal"})
_SOURCES = [("version", "SOP"), ("code", "E"), ("faq", "FAQ")]
_KINDS = ["install", "upgrade", "calibrate", "maintain", "diagnose", "repair", "error-handling"]
_MODELS = ["VL500S", "VL510", "NX-2000", "UPS-60K", "UPS-120K", "PDU-8"]


def _vocabulary(chance: random.Random) -> tuple[list[str], list[str]]:
    """English-like words of syllables, and Chinese words of two or three characters; the most frequent first."""
    syllables = [c + v for c in "bcdfghlmnprstv" for v in ("a", "e", "i", "o", "u", "or", "an")]
    characters = [chr(0x4E00 + n * 7) for n in range(2_500)]
    english = {"".join(chance.choices(syllables, k=chance.choice([2, 3, 3, 4]))) for _ in range(WORDS * 2)}
    chinese = {"".join(chance.choices(characters, k=chance.choice([2, 2, 3]))) for _ in range(WORDS * 2)}
    return sorted(english)[:WORDS], sorted(chinese)[:WORDS]


def documents(count: int = DOCUMENTS) -> Iterator[DocumentData]:
    """Synthetic documents of 2 KB, half of them Chinese, the same at every call."""
    chance = random.Random(7)
    vocabularies = _vocabulary(chance)
    for vocabulary in vocabularies:
        chance.shuffle(vocabulary)
    weights = list(accumulate(1 / (rank + 3) for rank in range(WORDS)))
    # What documents are filtered by comes in few combinations: a line's models are revised together.
    shelves = [
        (
            chance.choice(_KINDS),
            chance.choice(sorted(_SCOPES)),
            sorted(chance.sample(_MODELS, chance.choice([0, 1, 2]))),
        )
        for _ in range(60)
    ]
    for number in range(count):
        chinese = number % 2 == 0
        vocabulary = vocabularies[chinese]
        code = f"E-{1000 + number}"
        words = chance.choices(vocabulary, cum_weights=weights, k=300 if chinese else 260)
        words[7] = code
        sentences = [words[i : i + 9] for i in range(0, len(words), 9)]
        text = "。\n".join(map("".join, sentences)) if chinese else ".\n".join(map(" ".join, sentences))
        source, prefix = _SOURCES[number % 3]
        kind, scope, models = shelves[chance.randrange(len(shelves))]
        yield DocumentData(
            source=source,
            object_id=str(number),
            language="zh-hans" if chinese else "en",
            kind=kind,
            title=("" if chinese else " ").join(chance.choices(vocabulary, cum_weights=weights, k=5)),
            text=text,
            url=f"/{source}/{number}/",
            scope=scope,
            codes=[code] if source == "code" else [],
            models=models,
            number=f"{prefix}-{number:05}" if source == "version" else "",
            version_label="1.0",
            updated_at=datetime(2026, 1, 1, tzinfo=UTC),
        )


def _cpu_ms(ask: Callable[[], object]) -> float:
    started = time.process_time()
    ask()
    return (time.process_time() - started) * 1000


def questions(texts: list[str], chance: random.Random) -> dict[str, Callable[[], SearchQuery]]:
    """Kind of question -> one at random; `texts` begin with a Chinese one and alternate."""

    def words() -> list[str]:
        return re.findall("[a-z]+", chance.choice(texts[1::2]))

    def word() -> str:
        return chance.choice(sorted(set(words())))

    def phrase() -> str:
        found = words()
        start = chance.randrange(len(found) - 2)
        return f'"{found[start]} {found[start + 1]}"'

    def pair() -> str:
        line = chance.choice([line for line in chance.choice(texts[::2]).split("。\n") if line.isalpha()])
        start = chance.randrange(len(line) - 1)
        return line[start : start + 2]

    def asked(make: Callable[[], str], **filters: Callable[[], str]) -> Callable[[], SearchQuery]:
        return lambda: SearchQuery(
            text=make(), scopes=_SCOPES, **{name: choose() for name, choose in filters.items()}
        )

    return {
        "one word": asked(word),
        "a phrase": asked(phrase),
        "two characters": asked(pair),
        "filtered": asked(word, kind=lambda: chance.choice(_KINDS), model=lambda: chance.choice(_MODELS)),
        "a code": asked(lambda: f"E {1000 + chance.randrange(DOCUMENTS)}"),
        "three words": asked(lambda: f"{word()} {word()} {word()}"),
        "a suggestion": asked(lambda: word()[:4]),
        "similar to a ticket": lambda: SearchQuery(
            text=" ".join([*words(), *words()][:300]), scopes=_SCOPES, page_size=5
        ),
    }


def run() -> None:
    """Index DOCUMENTS and ask QUERIES of each kind; prints CPU ms."""
    engine, chance = get_engine(), random.Random(11)
    texts = [data.text for data in islice(documents(), 400)]
    seconds = _cpu_ms(lambda: engine.rebuild(documents())) / 1000
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"  {type(engine).__name__}: {DOCUMENTS} documents, {DOCUMENTS / seconds:.0f} a CPU second (target 700),"
        f" peak {peak:.0f} MB (target 1,500)"
    )
    connections.close_all()  # who rebuilds is not who answers
    ask(engine, texts, chance)
    saved = [_cpu_ms(partial(engine.index, [data])) for data in islice(documents(), QUERIES)]
    print(f"  {'saved, findable':<20} p50 {statistics.median(saved):6.1f} ms   (target 20)")


def ask(engine: Engine, texts: list[str], chance: random.Random, queries: int = QUERIES) -> None:
    """Ask so many questions of each kind and print what they took, as a server does that has answered others before."""
    for name, make in questions(texts, chance).items():
        answer: dict[str, Callable[[SearchQuery], object]] = {
            "a suggestion": lambda query: engine.suggest(query.text, query.scopes),
            "similar to a ticket": engine.similar,
        }
        asked = [make() for _ in range(WARMING + queries)]
        times = [_cpu_ms(partial(answer.get(name, engine.search), query)) for query in asked][WARMING:]
        target = TARGETS.get(name)
        print(
            f"  {name:<20} p50 {statistics.median(times):6.1f}   p95 {statistics.quantiles(times, n=20)[18]:6.1f} CPU ms"
            + (f"   (target {target[0]} / {target[1]})" if target else "")
        )
