"""How good the search is with meaning on, and what it costs: the questions of `relevance`, one set of parameters."""

import time
from statistics import median, quantiles
from typing import TYPE_CHECKING

from tests.conftest import CORPORA, NEEDS

if TYPE_CHECKING:
    from search.evaluation import Answer

TARGETS = {"stackfaq": 0.93, "tidbfaq": 0.78}  # nDCG@10


def run() -> None:
    from search import evaluation
    from search.meaning import making

    present, why = NEEDS["meaning"]
    if not present:
        print(f"  NOT RUN: {why}")
        return
    for name, target in TARGETS.items():
        folder = CORPORA / name
        if not folder.is_dir():
            print(f"  {name:<15} not there (set REDLINE_CORPORA)")
            continue
        questions = evaluation.read(folder)
        with evaluation.index_beside(meaning=True) as engine:
            engine.rebuild(questions.documents)
            making.make(evaluation.BESIDE)
            answers: dict[str, Answer] = {}
            costs: list[float] = []  # ms of all threads, reading the question with the model among them
            for query in questions.grades:
                started = time.process_time()
                answers[query] = evaluation.ask(engine, questions.texts[query])
                costs.append((time.process_time() - started) * 1000)
        found = evaluation.measures(answers, questions.grades)
        print(
            f"  {name:<15} nDCG@10 {found['ndcg@10']:.4f} (target {target})   recall@10 {found['recall@10']:.4f}"
            f"   recall@100 {found['recall@100']:.4f}   MRR@10 {found['mrr@10']:.4f}"
        )
        print(
            f"  {'':<15} {len(questions.documents)} documents: CPU ms a question,"
            f" p50 {median(costs):.0f}, p95 {quantiles(costs, n=20)[-1]:.0f}, with {evaluation.DEPTH} hits shown"
        )
