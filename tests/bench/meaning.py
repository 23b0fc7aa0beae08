"""How good the search is with meaning on: the questions of `relevance`, and the same parameters for all."""

from tests.conftest import CORPORA, NEEDS

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
            answers = {query: evaluation.ask(engine, questions.texts[query]) for query in questions.grades}
        found = evaluation.measures(answers, questions.grades)
        print(
            f"  {name:<15} nDCG@10 {found['ndcg@10']:.4f} (target {target})   recall@10 {found['recall@10']:.4f}"
            f"   recall@100 {found['recall@100']:.4f}   MRR@10 {found['mrr@10']:.4f}"
        )
