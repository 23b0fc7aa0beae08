"""The queue of 5,000 open marks over 200 procedures: its page under several filters, and its queries."""

import gc
import random
import time
from datetime import timedelta

PROCEDURES = 200
EDITS, COMMENTS = 3000, 2000
LIMIT = 200  # ms, the 95th percentile
ROUNDS = 8
QUERIES = (
    "", "page=2", "page=100", "sort=oldest", "sort=votes", "sort=procedure", "kind=safety", "what=edits", "turn=author",
    "line=QL1", "owner={owner}", "of=mine", "q=SOP-Q-1", "q=connector", "line=QL2&kind=error&sort=votes",
)  # fmt: skip


def run() -> None:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext, override_settings

    with override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]):
        staff, owner = _fill()  # two hundred signatures, each with a password
    gc.collect()
    gc.freeze()  # as kb.wsgi does before the first request
    clients = []
    for person in (staff, owner):
        client = Client(SERVER_NAME="127.0.0.1")
        client.force_login(person)
        clients.append(client)
    for place in ("/review/queue/", "/admin/marks/"):
        wall, cpu, most, size = [], [], 0, 0
        for turn in range(ROUNDS + 1):
            for query in QUERIES:
                address = f"{place}?{query.format(owner=owner.pk)}"
                client = clients[0] if turn % 4 else clients[1]
                started, busy = time.perf_counter(), time.process_time()
                answer = client.get(address)
                taken = (time.perf_counter() - started, time.process_time() - busy)
                assert answer.status_code == 200, address
                if turn:  # a warm-up first
                    wall.append(taken[0])
                    cpu.append(taken[1])
        for query in QUERIES:
            with CaptureQueriesContext(connection) as queries:
                answer = clients[0].get(f"{place}?{query.format(owner=owner.pk)}")
            most, size = max(most, len(queries)), max(size, len(answer.content))
        print(
            f"  {place}: {EDITS + COMMENTS} open marks, {len(QUERIES)} filters, {len(wall)} pages: "
            f"p50 {_at(wall, 0.5):.0f} ms, p95 {_at(wall, 0.95):.0f} ms (limit {LIMIT} ms); "
            f"CPU p50 {_at(cpu, 0.5):.0f} ms, p95 {_at(cpu, 0.95):.0f} ms; "
            f"at most {most} queries and {size // 1024} KiB"
        )


def _at(seconds: list[float], share: float) -> float:
    """Milliseconds."""
    return sorted(seconds)[int(len(seconds) * share)] * 1000


def _fill() -> tuple:
    """(documentation staff, one of twenty owners)"""
    from django.utils import timezone

    from review.models import Comment, Suggestion, Thread, Vote
    from tests import factories as make

    chance, now = random.Random(1), timezone.now()
    staff = make.documentation_staff()
    owners = [make.procedure_owner() for _ in range(20)]
    field = [make.field_engineer() for _ in range(50)]
    lines = [make.product_line(f"QL{number}") for number in range(8)]
    versions = [
        make.released(
            owner=owners[number % 20],
            approver=staff,
            number=f"SOP-Q-{number}",
            product_line=lines[number % 8],
            steps=[make.step(f"q{step}", title=f"Check connector {step}") for step in range(1, 21)],
        )
        for number in range(PROCEDURES)
    ]

    def then() -> object:
        return now - timedelta(minutes=chance.randrange(1, 90 * 24 * 60))

    edits = Suggestion.objects.bulk_create(
        Suggestion(
            version=chance.choice(versions), author=chance.choice(field), submitted_at=then(),
            kind=chance.choices(("error", "ambiguity", "improvement", "safety"), (30, 30, 35, 5))[0],
            reason=f"The connector of board {number} sits elsewhere since the last delivery",
            step_id=f"q{chance.randrange(1, 21)}", status=chance.choices(("submitted", "asked"), (9, 1))[0],
            assigned_to=chance.choice(owners) if chance.random() < 0.05 else None,
        )
        for number in range(EDITS)
    )  # fmt: skip
    others = [(edit, number) for edit in edits for number in range(chance.choice((0, 0, 0, 1, 2)))]
    Suggestion.objects.bulk_create(
        Suggestion(
            version=edit.version, author=edit.author, submitted_at=edit.submitted_at, kind=edit.kind,
            reason=edit.reason, step_id=f"q{21 + number}", status=edit.status, sent_with=edit,
        )
        for edit, number in others
    )  # fmt: skip
    Vote.objects.bulk_create(
        Vote(suggestion=edit, person=person, voted_at=now)
        for edit in edits
        for person in chance.sample(field, chance.choice((0, 0, 1, 2, 5)))
        if person.pk != edit.author_id
    )
    comments = Thread.objects.bulk_create(
        Thread(
            version=chance.choice(versions), started_by=chance.choice(field), started_at=then(),
            kind=chance.choices(("question", "error", "ambiguity", "safety"), (40, 30, 25, 5))[0],
            step_id=f"q{chance.randrange(1, 21)}", status=chance.choices(("open", "answered"), (8, 2))[0],
        )
        for _ in range(COMMENTS)
    )  # fmt: skip
    Comment.objects.bulk_create(
        Comment(
            thread=thread, author=thread.started_by, written_at=thread.started_at + timedelta(hours=number),
            text=f"Which connector of step {thread.step_id} is meant here?",
        )
        for thread in comments
        for number in range(chance.randrange(1, 4))
    )  # fmt: skip
    return staff, owners[0]
