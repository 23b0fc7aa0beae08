"""Real history as proposals: the hunks between two revisions of a document, submitted on the earlier one."""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise
from pathlib import Path
from typing import Any

from procedures.content import STEP_TEXTS
from procedures.importing.documents import Defaults, Unreadable
from procedures.importing.matching import identify
from procedures.importing.readers import parse
from procedures.wording import sentences
from review.merge import STEP_VALUES, MergedDocument, merge_steps

Steps = list[dict[str, Any]]


def revisions(file: Path) -> Iterator[list[Steps]]:
    """Each document's revisions that can be read, oldest first, a step keeping its id through them."""
    documents: dict[str, list[dict[str, Any]]] = {}
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            documents.setdefault(row["path"], []).append(row)
    for path, rows in documents.items():
        history: list[Steps] = []
        for row in sorted(rows, key=lambda row: row["revision"]):
            try:
                read = parse(row["text"].encode(), path=path, defaults=Defaults())
            except Unreadable:
                continue
            steps = identify(read.content["steps"], history[-1] if history else [], path)
            if not history or steps != history[-1]:
                history.append(steps)
        yield history


@dataclass(frozen=True)
class Hunk:
    """One change of a document: sentences of a field, a value, or the steps that come, go or move together."""

    step_id: str
    field: str  # "" for steps
    opcodes: tuple[tuple[int, int, int, int], ...]  # [i1, i2) of the earlier become [j1, j2) of the later


def hunks(before: Steps, after: Steps) -> list[Hunk]:
    """Everything that makes `after` of `before`, in the smallest pieces that somebody could propose."""
    found = []
    later = {step["id"]: step for step in after}
    for step in before:
        if step["id"] not in later:
            continue
        new = later[step["id"]]
        for name in STEP_TEXTS:
            pieces = _opcodes(sentences(step[name]), sentences(new[name]))
            found += [Hunk(step["id"], name, (opcode,)) for opcode in pieces]
        found += [Hunk(step["id"], name, ()) for name in STEP_VALUES if step[name] != new[name]]
    ids, new_ids = [step["id"] for step in before], [step["id"] for step in after]
    # A step that moves goes at one place and comes at another: these are one proposal.
    groups: list[list[tuple[int, int, int, int]]] = []
    for opcode in _opcodes(ids, new_ids):
        touched = {*ids[opcode[0] : opcode[1]], *new_ids[opcode[2] : opcode[3]]}
        joined = [opcode]
        for group in list(groups):
            if touched & {step_id for i1, i2, j1, j2 in group for step_id in (*ids[i1:i2], *new_ids[j1:j2])}:
                groups.remove(group)
                joined = group + joined
        groups.append(joined)
    return found + [Hunk("", "", tuple(group)) for group in groups]


def _opcodes(before: Sequence[str], after: Sequence[str]) -> list[tuple[int, int, int, int]]:
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    return [(i1, i2, j1, j2) for op, i1, i2, j1, j2 in matcher.get_opcodes() if op != "equal"]


def applied(before: Steps, after: Steps, chosen: Sequence[Hunk]) -> Steps:
    """`before` with just these hunks of the way to `after`."""
    later = {step["id"]: step for step in after}
    texts = {step["id"]: dict(step) for step in before}
    by_field: dict[tuple[str, str], list[Hunk]] = {}
    for hunk in chosen:
        by_field.setdefault((hunk.step_id, hunk.field), []).append(hunk)
    order = [step["id"] for step in before]
    for (step_id, name), found in by_field.items():
        opcodes = sorted((opcode for hunk in found for opcode in hunk.opcodes), reverse=True)
        if not step_id:
            new_ids = [step["id"] for step in after]
            for i1, i2, j1, j2 in opcodes:
                order[i1:i2] = new_ids[j1:j2]
        elif opcodes:
            old, new = sentences(texts[step_id][name]), sentences(later[step_id][name])
            for i1, i2, j1, j2 in opcodes:
                old[i1:i2] = new[j1:j2]
            texts[step_id][name] = "".join(old)
        else:
            texts[step_id][name] = later[step_id][name]
    return [texts.get(step_id) or dict(later[step_id]) for step_id in order]


@dataclass
class Replay:
    """What became of the proposals: how many there were, and how many needed a person."""

    pairs: int = 0
    proposals: int = 0
    rebased: int = 0
    asked: int = 0

    def run(self, history: list[Steps], chance: random.Random, merge: Callable[..., MergedDocument]) -> None:
        """Decide all proposals between successive revisions as accepted, in random order, some together.

        Raises AssertionError where the text is ever anything but the earlier revision with exactly the
        accepted hunks, or the end is not the later revision.
        """
        for before, after in pairwise(history):
            self.pairs += 1
            open_hunks = hunks(before, after)
            chance.shuffle(open_hunks)
            accepted: list[Hunk] = []
            current = before
            while open_hunks:
                together = [
                    open_hunks.pop() for _ in range(min(len(open_hunks), chance.choice((1, 1, 1, 2, 4))))
                ]
                proposed = applied(before, after, together)
                accepted += together
                merged = merge(before, proposed, current)
                wanted = applied(before, after, accepted)
                self.proposals += 1
                self.rebased += merged.rebased
                if merged.conflicts:
                    self.asked += 1
                    current = wanted  # a person puts both in
                else:
                    assert merged.steps == wanted
                    current = merged.steps
            assert current == after


def replay(files: Sequence[Path], seed: int = 1) -> Replay:
    found, chance = Replay(), random.Random(seed)
    for file in files:
        for history in revisions(file):
            found.run(history, chance, merge_steps)
    return found
