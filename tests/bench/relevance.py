"""How good the search is: judged questions (`shared/corpora`), with one set of parameters for all."""

import time
from collections.abc import Mapping
from statistics import median, quantiles
from typing import TYPE_CHECKING

from tests.bench.elasticsearch import on_a_node
from tests.conftest import CORPORA

if TYPE_CHECKING:
    from search.evaluation import Answer

TARGETS = {"stackfaq": 0.85, "tidbfaq": 0.72}  # nDCG@10


def run() -> None:
    measure("sqlite")
    on_a_node(lambda _node: measure("elasticsearch"))


def measure(engine_name: str, targets: Mapping[str, float] = TARGETS, *, meaning: bool = False) -> None:
    """Print how good it is for each set, and what a question costs; with `meaning`, by vectors as well."""
    from search import evaluation
    from search.meaning import making

    for name, target in targets.items():
        folder = CORPORA / name
        if not folder.is_dir():
            print(f"  {name:<15} not there (set REDLINE_CORPORA)")
            continue
        questions = evaluation.read(folder)
        with evaluation.index_beside(engine_name, meaning=meaning) as engine:
            engine.rebuild(questions.documents)
            if meaning:
                making.make(evaluation.BESIDE)
            answers: dict[str, Answer] = {}
            costs: list[float] = []  # ms of all threads of ours
            for query in questions.grades:
                started = time.process_time()
                answers[query] = evaluation.ask(engine, questions.texts[query])
                costs.append((time.process_time() - started) * 1000)
        found = evaluation.measures(answers, questions.grades)
        print(
            f"  {engine_name:<13} {name:<9} nDCG@10 {found['ndcg@10']:.4f} (target {target})"
            f"   recall@10 {found['recall@10']:.4f}   recall@100 {found['recall@100']:.4f}"
            f"   MRR@10 {found['mrr@10']:.4f}   {evaluation.DEPTH} hits in CPU ms p50 {median(costs):.0f}"
            f" p95 {quantiles(costs, n=20)[-1]:.0f}"
        )
