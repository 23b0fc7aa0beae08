"""Merging proposals: two 100-step documents that both sides changed, and real revisions replayed in pieces."""

import time
from collections.abc import Callable
from statistics import median
from typing import Any

from tests.bench.compare import CHINESE, ENGLISH, content
from tests.conftest import CORPORA

LIMIT = 100  # ms
TURNS = 7
SETS = ("openshift", "kubevirt", "moj", "dm-zh")


def run() -> None:
    from review.merge import merge_steps
    from tests.factories.replay import replay

    for language, sentences in (("en", ENGLISH), ("zh-hans", CHINESE)):
        base = content(sentences, language)["steps"]
        theirs, ours = _edited(base, True, "Theirs."), _edited(base, False, "Ours.")
        merged = merge_steps(base, theirs, ours)
        assert not merged.conflicts
        wall, cpu = _milliseconds(lambda base=base, t=theirs, o=ours: merge_steps(base, t, o))
        print(
            f"  {language}: 100 steps, the same 60 changed on both sides: "
            f"{wall:.0f} ms, {cpu:.0f} ms CPU (limit {LIMIT} ms)"
        )
    if not CORPORA.is_dir():
        print(f"  NOT RUN: real revisions, none at {CORPORA}")
        return
    for name in SETS:
        done = replay([CORPORA / name / "revisions.jsonl"])
        print(
            f"  {name}: {done.pairs} successive revisions reached exactly by {done.proposals} proposals in random "
            f"order; {done.rebased} met a text that had moved, {done.asked} of them needed a person"
        )


def _edited(base: list[dict[str, Any]], first: bool, said: str) -> list[dict[str, Any]]:
    """Both sides change the same 60 steps, one their first line and one their last, and put one in, take one out."""
    steps = [dict(step) for step in base]
    for step in steps[20:80]:
        lines = step["body"].split("\n")
        lines[0 if first else -1] += f" {said}"
        step["body"] = "\n".join(lines)
    steps.insert(5 if first else 95, dict(base[0]) | {"id": said})
    del steps[2 if first else -2]
    return steps


def _milliseconds(work: Callable[[], Any]) -> tuple[float, float]:
    """(wall, CPU), the median of some turns."""
    turns = []
    for _ in range(TURNS):
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        turns.append((time.perf_counter() - wall, time.process_time() - cpu))
    return median(turn[0] for turn in turns) * 1000, median(turn[1] for turn in turns) * 1000
