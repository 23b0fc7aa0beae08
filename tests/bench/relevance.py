"""How good the search is: judged questions (`shared/corpora`), with one set of parameters for all."""

from tests.conftest import CORPORA
from tests.node import Node, missing

TARGETS = {"stackfaq": 0.85, "tidbfaq": 0.72}  # nDCG@10


def run() -> None:
    measure("sqlite")
    if why := missing():
        print(f"  Elasticsearch not run: {why}")
        return
    from django.conf import settings

    node = Node()
    try:
        node.start()
        settings.REDLINE_ELASTICSEARCH_URL = node.url
        settings.REDLINE_ELASTICSEARCH_TIMEOUT = 60
        measure("elasticsearch")
    finally:
        node.remove()


def measure(engine_name: str) -> None:
    from search import evaluation

    for name, target in TARGETS.items():
        folder = CORPORA / name
        if not folder.is_dir():
            print(f"  {name:<15} not there (set REDLINE_CORPORA)")
            continue
        questions = evaluation.read(folder)
        with evaluation.index_beside(engine_name) as engine:
            engine.rebuild(questions.documents)
            answers = {query: evaluation.ask(engine, questions.texts[query]) for query in questions.grades}
        found = evaluation.measures(answers, questions.grades)
        print(
            f"  {engine_name:<13} {name:<9} nDCG@10 {found['ndcg@10']:.4f} (target {target})"
            f"   recall@10 {found['recall@10']:.4f}   recall@100 {found['recall@100']:.4f}"
            f"   MRR@10 {found['mrr@10']:.4f}"
        )
