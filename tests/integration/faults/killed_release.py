"""A program that approves a release and is killed before each kind of write in turn; prints what is left, as JSON.

A kind is a verb and a table, at its first time; the last kill is before the commit.

Run as `python -m tests.integration.faults.killed_release` with DATABASE_URL naming a site of its own. The
attempts follow each other on one database, so each also shows that a killed one leaves nothing in the way:

    {"before": state, "kills": [{"at": text, "state": state}], "after": state}

An attempt runs in a process forked from this one, which holds no connection at that moment; a state is read
over a connection made after the kill.
"""

import json
import os
import re
import signal
import sys
from collections.abc import Callable, Collection
from typing import Any, NoReturn

import django

WRITE = re.compile(r"^\s*(INSERT|UPDATE|DELETE|REPLACE|CREATE|DROP|ALTER)\b[^\"]*(\"\w+\")?", re.IGNORECASE)
OLD_WORD, NEW_WORD = "Quokka", "Wombat"


def main() -> None:
    django.setup()
    from django.db import connection

    page_pk, approver_pk = prepare()
    before = state(page_pk)
    kills = []
    kinds: set[str] = set()
    while True:
        connection.close()  # a process that is forked must not share it
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            attempt(page_pk, approver_pk, _before_new_write(kinds, writer))
            os._exit(0)
        os.close(writer)
        with os.fdopen(reader) as pipe:
            statement = pipe.read()
        _, status = os.waitpid(pid, 0)
        if not os.WIFSIGNALED(status):
            sys.exit("The release went through unkilled.")
        kinds.add(statement)
        kills.append({"at": statement, "state": state(page_pk)})
        if statement == "COMMIT":
            break
    connection.close()
    pid = os.fork()
    if pid == 0:
        attempt(page_pk, approver_pk, _after_commit)
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    if not os.WIFSIGNALED(status):
        sys.exit("The release was not killed after its commit.")
    json.dump({"before": before, "kills": kills, "after": state(page_pk)}, sys.stdout)


def prepare() -> tuple[int, int]:
    """Version 1.0 in force, and a changed working copy with an accepted edit waiting: (page, approver)."""
    from django.core.files.images import ImageFile
    from wagtail.images.models import Image
    from wagtail.images.tests.utils import get_test_image_file

    from procedures.models import Applicability, ProcedurePage
    from review import deciding, landing, proposing, releasing
    from tests import factories as make

    line = make.product_line("LM")
    model, other = make.machine_model(line, "LM-400"), make.machine_model(line, "LM-500")
    codes = [make.error_code(line, "E-1"), make.error_code(line, "E-2")]
    owner = make.procedure_owner()
    first = make.released(
        owner=owner, product_line=line, applies_to=[{"model": model, "options": []}], error_codes=codes[:1],
        title=OLD_WORD, steps=[make.step("a", body="Wait 5 minutes."), make.step("b")],
    )  # fmt: skip
    suggestion = proposing.suggest(
        version=first, changes={("a", "body"): "Wait 10 minutes."}, reason="x", by=make.field_engineer()
    )
    deciding.accept(suggestion=suggestion, by=owner)
    draft = landing.working_copy(ProcedurePage.objects.get(pk=first.page_id))
    file = ImageFile(get_test_image_file(filename="picture.png").file, name="picture.png")
    picture = Image.objects.create(title="picture", file=file)
    draft.steps[1].value["images"].append({"image": picture, "alt": "The picture"})
    draft.title = NEW_WORD
    draft.applicability = [Applicability(model=model), Applicability(model=other)]
    draft.error_codes.set(codes)
    draft.save_revision(user=owner)
    releasing.submit_for_release(page=first.page, by=owner, change_summary="Longer", significance="minor")
    return first.page_id, make.documentation_staff().pk


def attempt(page_pk: int, approver_pk: int, arm: Callable[[Any], Any]) -> None:
    from django.db import connection

    from kb.accounts.models import User
    from procedures.models import ProcedurePage
    from tests import factories as make

    page, approver = ProcedurePage.objects.get(pk=page_pk), User.objects.get(pk=approver_pk)
    arm(connection)
    make.approve(page, by=approver)


def _die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("still alive")


def _before_new_write(kinds: Collection[str], report: int) -> Callable[[Any], None]:
    """Die before the first write of another kind, or before the commit where there is none; reports which it was."""

    def execute_or_die(execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        if (write := WRITE.match(str(sql))) and write[0] not in kinds:
            os.write(report, write[0].encode())
            _die()
        return execute(sql, params, many, context)

    def die_at_commit() -> NoReturn:
        os.write(report, b"COMMIT")
        _die()

    def arm(connection: Any) -> None:
        connection.execute_wrappers.append(execute_or_die)
        connection._commit = die_at_commit

    return arm


def _after_commit(connection: Any) -> None:
    commit = connection._commit

    def commit_and_die() -> NoReturn:
        commit()
        _die()

    connection._commit = commit_and_die


def state(page_pk: int) -> dict[str, Any]:
    """What a fresh connection sees: the procedure from every side, and how many rows each table has."""
    from django.db import connection

    from kb.accounts.models import User
    from procedures.models import ProcedurePage
    from review.models import Signature, Suggestion
    from search.engine import SearchQuery
    from search.queries import find

    connection.close()
    page = ProcedurePage.objects.get(pk=page_pk)
    reader = User.objects.get(pk=page.procedure_owner_id)

    def found(word: str) -> list[str]:
        return sorted(
            f"{hit.document.source} {hit.document.version_label}".strip()
            for hit in find(reader, SearchQuery(text=word, scopes=frozenset())).hits
        )

    with connection.cursor() as cursor:
        names = sorted(connection.introspection.table_names(cursor))
        # Without FTS's own shadow tables; `found` asks it instead.
        names = [name for name in names if not name.startswith("search_index")]
        cursor.execute("SELECT " + ", ".join(f'(SELECT count(*) FROM "{name}")' for name in names))
        counts = dict(zip(names, cursor.fetchone(), strict=True))
    live = page.live_revision.procedure_versions.get().label if page.live_revision_id else ""
    seen = {
        "versions": [[version.label, version.status] for version in page.versions.all()],
        "superseded": [version.label for version in page.versions.filter(superseded_at__isnull=False)],
        "applies to": {
            version.label: [row.model.code for row in version.applicability.all()]
            for version in page.versions.all()
        },
        "codes": {
            version.label: [code.code for code in version.error_codes.order_by("code")]
            for version in page.versions.all()
        },
        "signed": [
            version.label
            for version in page.versions.all()
            if [signature.sha256 for signature in Signature.objects.filter(release__version=version)]
            == [version.sha256]
        ],
        "live": live,
        "title": page.title,
        "waiting": page.workflow_in_progress,
        "edit released in": [
            str(edit.released_in and edit.released_in.label) for edit in Suggestion.objects.all()
        ],
        "found by the old word": found(OLD_WORD),
        "found by the new word": found(NEW_WORD),
        "rows": counts,
    }
    connection.close()
    return seen


if __name__ == "__main__":
    main()
