"""One guide for each code on each machine: the report, the command, and the refusal to release."""

from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import PermissionDenied
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from kb.accounts.roles import DOCUMENTATION_STAFF, FIELD_ENGINEER
from kb.bootstrap import give_new_permission
from procedures.actions import accept_overlap, withdraw_acceptance
from procedures.lint import Where, find_problems
from procedures.models import (
    AcceptedOverlap,
    ProcedureVersion,
)
from procedures.rules import NotAllowed
from review import landing, releasing
from tests import factories as make
from tests.factories import signed_in
from tests.integration.procedures.conftest import Shelf

pytestmark = pytest.mark.django_db


def lint(*args: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("lint_applicability", *args, stdout=out)
    except SystemExit as stopped:
        return int(stopped.code or 0), out.getvalue()
    return 0, out.getvalue()


# ---------- the report ----------


def test_a_gap_is_named_by_code_models_and_range(shelf: Shelf) -> None:
    shelf.guide("SOP-1", {"model": shelf.small, "release_before": shelf.mid})
    shelf.guide("SOP-2", {"model": shelf.small, "release_from": shelf.new}, {"model": shelf.large})
    assert [(gap.code.code, gap.where, gap.only_with) for gap in find_problems().gaps] == [
        ("E-77/A", Where(("U-100",), False, "2.0", "3.0"), ())
    ]


def test_a_guide_for_machines_with_an_option_leaves_a_gap_and_is_named_there(shelf: Shelf) -> None:
    shelf.guide("SOP-1", {"model": shelf.small, "options": ["lithium"]}, {"model": shelf.large})
    (gap,) = find_problems().gaps
    assert (gap.where.models, gap.only_with) == (("U-100",), (("lithium",),))
    assert lint()[1].splitlines()[0] == (
        "Gap: UPS E-77/A: U-100; every software release (some have a guide with lithium)"
    )


def test_a_guide_in_another_language_fills_a_gap(shelf: Shelf) -> None:
    shelf.guide("SOP-1", {"model": shelf.small})
    shelf.guide("SOP-2-ZH", {"model": shelf.large}, language="zh-hans")
    assert find_problems().is_clean


def test_the_same_guide_in_another_language_overlaps_with_none_however_its_rows_say_it(shelf: Shelf) -> None:
    shelf.guide("SOP-1")
    shelf.guide(
        "SOP-1-ZH",
        {"model": shelf.small, "release_before": shelf.mid},
        {"model": shelf.small, "release_from": shelf.mid},
        {"model": shelf.small, "options": ["lithium"]},
        {"model": shelf.large},
        language="zh-hans",
    )
    assert find_problems().is_clean
    response = signed_in(shelf.owner).get(shelf.code.get_absolute_url(), {"model": "U-100", "release": "3.0"})
    assert [guide.number for guide in response.context["page"].guides] == ["SOP-1"]
    assert 'hreflang="zh-hans"' in response.content.decode()
    reader = signed_in(shelf.owner)
    reader.cookies[settings.LANGUAGE_COOKIE_NAME] = "zh-hans"
    response = reader.get(shelf.code.get_absolute_url(), {"model": "U-100", "release": "3.0"})
    assert [guide.number for guide in response.context["page"].guides] == ["SOP-1-ZH"]


def test_a_guide_in_another_language_that_covers_something_else_overlaps(shelf: Shelf) -> None:
    """Another range, another model, another option or another code makes it a second answer."""
    first = shelf.guide("SOP-1", {"model": shelf.small, "release_from": shelf.new}, language="zh-hans")
    for fields in (
        {"applies_to": [{"model": shelf.small}]},
        {"applies_to": [{"model": shelf.small, "release_from": shelf.new}, {"model": shelf.large}]},
        {"applies_to": [{"model": shelf.small, "release_from": shelf.new, "options": ["lithium"]}]},
        {
            "applies_to": [{"model": shelf.small, "release_from": shelf.new}],
            "error_codes": [shelf.code, make.error_code(shelf.line)],
        },
    ):
        draft = shelf.draft("", *fields.pop("applies_to"), **fields)
        with pytest.raises(NotAllowed) as refused:
            make.release(draft, by=shelf.owner, approver=shelf.staff)
        assert f"{draft.number} and SOP-1 1.0" in refused.value.messages[0]
        assert any("In another language" in message for message in refused.value.messages)
    accept_overlap(one=draft, other=first.page, code=None, reason="A trial.", by=shelf.staff)
    make.release(draft, by=shelf.owner, approver=shelf.staff)
    assert len(find_problems().accepted) == 1
    response = signed_in(shelf.owner).get(shelf.code.get_absolute_url(), {"model": "U-100", "release": "3.0"})
    assert len(response.context["page"].guides) == 2
    assert "A trial." in response.content.decode()


def test_a_superseded_version_answers_nothing(shelf: Shelf) -> None:
    first = shelf.guide("SOP-1")
    draft = landing.working_copy(first.page)
    draft.error_codes.set([])
    draft.save_revision(user=shelf.owner)
    make.release(first.page, by=shelf.owner, approver=shelf.staff, summary="Answers no code any more")
    report = find_problems()
    assert [str(gap.where) for gap in report.gaps] == ["every model; every software release"]


def test_the_report_costs_ten_queries_whatever_its_size(
    shelf: Shelf, django_assert_max_num_queries: Any
) -> None:
    for n in range(3):
        make.error_code(make.product_line(), f"E-{n}")
        shelf.guide(f"SOP-{n}", error_codes=[make.error_code(shelf.line)])
    with django_assert_max_num_queries(10):
        assert find_problems().gaps


# ---------- the release ----------


def test_a_release_that_would_overlap_is_refused_with_the_pair_named(shelf: Shelf) -> None:
    first = shelf.guide("SOP-1", {"model": shelf.small, "release_before": shelf.new}, title="Calm the bus")
    draft = shelf.draft(
        "SOP-2",
        {"model": shelf.small, "release_from": shelf.mid, "options": ["lithium"]},
        {"model": shelf.large},
    )
    with pytest.raises(NotAllowed) as refused:
        make.release(draft, by=shelf.owner, approver=shelf.staff)
    assert refused.value.messages[0] == (
        "SOP-2 and SOP-1 1.0 “Calm the bus” would both answer E-77/A: "
        "U-100; software from 2.0 to before 3.0; with lithium."
    )
    assert list(ProcedureVersion.objects.all()) == [first]
    assert not draft.releases.exists()

    accept_overlap(
        one=draft, other=first.page, code=shelf.code, reason="The trial on lithium.", by=shelf.staff
    )
    assert make.release(draft, by=shelf.owner, approver=shelf.staff).label == "1.0"
    report = find_problems()
    assert (report.overlaps, len(report.accepted)) == ([], 1)


def test_the_refusal_is_shown_to_the_approver(shelf: Shelf) -> None:
    draft = shelf.draft("SOP-2")
    release = releasing.submit_for_release(
        page=draft, by=shelf.owner, change_summary="First", significance="minor"
    )
    shelf.guide("SOP-1")  # in force since, so that only the last signature can find it
    form = {
        "do": "sign",
        "stage": release.stages.get().pk,
        "sha256": release.sha256,
        "password": make.PASSWORD,
    }
    page = signed_in(shelf.staff).post("/review/SOP-2/working-copy/", form).content.decode()
    assert "SOP-2 and SOP-1 1.0" in page
    assert release.stages.open().exists()
    assert not ProcedureVersion.objects.filter(page=draft).exists()


def test_the_next_version_does_not_overlap_with_the_one_it_follows(shelf: Shelf) -> None:
    first = shelf.guide("SOP-1")
    draft = landing.working_copy(first.page)
    draft.title = "Changed"
    draft.save_revision(user=shelf.owner)
    assert make.release(first.page, by=shelf.owner, approver=shelf.staff, summary="x").label == "1.1"


def test_a_long_refusal_counts_what_it_does_not_name(shelf: Shelf) -> None:
    codes = [make.error_code(shelf.line, f"E-{n:02}") for n in range(12)]
    shelf.guide("SOP-1", error_codes=codes)
    with pytest.raises(NotAllowed) as refused:
        shelf.guide("SOP-2", error_codes=codes)
    assert len(refused.value.messages) == 12
    assert "And 2 overlaps more." in refused.value.messages


def test_a_refusal_names_a_few_of_many_models(shelf: Shelf) -> None:
    models = [make.machine_model(shelf.line, f"U-3{n:02}") for n in range(12)]
    shelf.guide("SOP-1", *({"model": model} for model in models))
    with pytest.raises(NotAllowed, match=r"U-300, .*U-307, 4 more models; every software release"):
        shelf.guide("SOP-2")


# ---------- the reason on record ----------


def test_a_reason_for_one_code_leaves_the_other_overlaps(shelf: Shelf) -> None:
    second = make.error_code(shelf.line, "E-88")
    one = shelf.guide("SOP-1", error_codes=[shelf.code, second])
    other = shelf.draft("SOP-2", error_codes=[shelf.code, second])
    accept_overlap(one=other, other=one.page, code=shelf.code, reason="Meant.", by=shelf.staff)
    with pytest.raises(NotAllowed, match="E-88"):
        make.release(other, by=shelf.owner, approver=shelf.staff)
    accept_overlap(one=one.page, other=other, code=None, reason="Both are meant.", by=shelf.staff)
    make.release(other, by=shelf.owner, approver=shelf.staff)
    assert len(find_problems().accepted) == 2


def test_only_documentation_staff_record_a_reason_or_take_it_back(shelf: Shelf) -> None:
    one, other = shelf.draft("SOP-1"), shelf.draft("SOP-2")
    accepted = accept_overlap(one=one, other=other, code=None, reason="Meant.", by=shelf.staff)
    for person in (shelf.owner, make.field_engineer(), make.make_user()):
        with pytest.raises(PermissionDenied):
            accept_overlap(one=one, other=other, code=shelf.code, reason="Meant.", by=person)
        with pytest.raises(PermissionDenied):
            withdraw_acceptance(accepted=accepted, by=person)
    assert AcceptedOverlap.objects.get() == accepted


def test_a_reason_is_needed_two_procedures_are_named_and_a_pair_has_no_order(shelf: Shelf) -> None:
    one, other = shelf.draft("SOP-1"), shelf.draft("SOP-2")
    for pair, reason in (((one, other), " "), ((one, one), "Meant.")):
        with pytest.raises(NotAllowed):
            accept_overlap(one=pair[0], other=pair[1], code=None, reason=reason, by=shelf.staff)
    for code in (None, shelf.code):
        accept_overlap(one=other, other=one, code=code, reason="Meant.", by=shelf.staff)
        with pytest.raises(NotAllowed, match="on record already"):
            accept_overlap(one=one, other=other, code=code, reason="Again.", by=shelf.staff)
        for first, second in ((one, other), (other, one)):
            with pytest.raises(IntegrityError), transaction.atomic():
                AcceptedOverlap.objects.create(
                    one=first, other=second, code=code, reason="x", accepted_by=shelf.staff,
                    accepted_at=timezone.now(),
                )  # fmt: skip


def test_what_is_taken_back_stays_in_the_history(shelf: Shelf) -> None:
    one, other = shelf.guide("SOP-1"), shelf.draft("SOP-2")
    accepted = accept_overlap(one=one.page, other=other, code=None, reason="Meant.", by=shelf.staff)
    make.release(other, by=shelf.owner, approver=shelf.staff)
    second = make.documentation_staff()
    withdraw_acceptance(accepted=accepted, by=second)
    assert len(find_problems().overlaps) == 1
    rows = AcceptedOverlap.history.order_by("history_id")
    assert [(row.history_type, row.history_user, row.reason) for row in rows] == [
        ("+", shelf.staff, "Meant."),
        ("-", second, "Meant."),
    ]


def test_a_draft_that_a_reason_names_is_not_deleted_from_under_it(shelf: Shelf) -> None:
    one, other = shelf.draft("SOP-1"), shelf.draft("SOP-2")
    accepted = accept_overlap(one=one, other=other, code=None, reason="Meant.", by=shelf.staff)
    for page in (one, other):
        assert not page.permissions_for_user(shelf.staff).can_delete()
    withdraw_acceptance(accepted=accepted, by=shelf.staff)
    for page in (one, other):
        assert page.permissions_for_user(shelf.staff).can_delete()


def test_a_site_from_before_gives_its_staff_the_right_and_changes_nothing_else(db: None) -> None:
    group = Group.objects.get(name=DOCUMENTATION_STAFF)
    names = ("accept_overlap", "delete_machine")  # the second as an administrator took it away
    group.permissions.remove(*Permission.objects.filter(codename__in=names))
    give_new_permission("procedures.accept_overlap", apps)
    codenames = set(group.permissions.values_list("codename", flat=True))
    assert codenames & set(names) == {"accept_overlap"}
    engineers = Group.objects.get(name=FIELD_ENGINEER)
    assert not engineers.permissions.filter(codename="accept_overlap").exists()


# ---------- the command ----------


def test_the_command_says_what_is_wrong_and_fails(shelf: Shelf) -> None:
    status, said = lint()
    assert status == 1
    assert said.splitlines() == [
        "Gap: UPS E-77/A: every model; every software release",
        "Gaps: 1. Overlaps: 0. Overlaps with a reason on record: 0.",
    ]
    one = shelf.guide("SOP-1")
    assert lint() == (0, "Gaps: 0. Overlaps: 0. Overlaps with a reason on record: 0.\n")
    other = shelf.draft("SOP-2", {"model": shelf.large})
    accepted = accept_overlap(one=one.page, other=other, code=None, reason="Meant.", by=shelf.staff)
    make.release(other, by=shelf.owner, approver=shelf.staff)
    assert lint()[0] == 0
    withdraw_acceptance(accepted=accepted, by=shelf.staff)
    status, said = lint()
    assert status == 1
    assert said.splitlines()[0] == (
        "Overlap: UPS E-77/A: SOP-1 1.0 and SOP-2 1.0: U-200; every software release"
    )


def test_the_command_looks_at_one_line_where_it_is_asked_to(shelf: Shelf) -> None:
    shelf.guide("SOP-1")
    other = make.product_line("PDU")
    make.machine_model(other)
    make.error_code(other, "E-1")
    assert lint("--line", "UPS")[0] == 0
    assert lint("--line", "PDU")[0] == 1
    with pytest.raises(CommandError, match="no product line"):
        lint("--line", "NONE")
