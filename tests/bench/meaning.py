"""How good the search is with meaning on, and what it costs: the questions of `relevance`, one set of parameters."""

from tests.bench.relevance import measure
from tests.conftest import NEEDS

TARGETS = {"stackfaq": 0.93, "tidbfaq": 0.78}  # nDCG@10


def run() -> None:
    present, why = NEEDS["meaning"]
    if not present:
        print(f"  NOT RUN: {why}")
        return
    measure("sqlite", TARGETS, meaning=True)
