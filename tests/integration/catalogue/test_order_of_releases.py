"""A signed range, from one release to before another, counts in what it counted in when it was signed."""

from collections.abc import Mapping

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse

from procedures.admin.csv_columns import FILES
from procedures.admin.csv_import import import_file, make_plan
from procedures.models import Applicability, MachineModel, ProcedureVersion, ProductLine, SoftwareRelease
from procedures.ordering import place_releases
from review import releasing
from tests import factories as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def line(db: None) -> ProductLine:
    """Releases 1.0 to 6.0; no range is signed."""
    line = make.product_line("LM")
    make.releases(line, *(f"{number}.0" for number in range(1, 7)))
    make.machine_model(line, "LM-200")
    return line


@pytest.fixture
def version(line: ProductLine) -> ProcedureVersion:
    """From 2.0 up to 4.0, that not included: 2.0 and 3.0."""
    rows = [
        {
            "model": MachineModel.objects.get(),
            "release_from": release(line, "2.0"),
            "release_before": release(line, "4.0"),
        }
    ]
    return make.released(number="SOP-1", product_line=line, applies_to=rows)


def release(line: ProductLine, version: str) -> SoftwareRelease:
    return SoftwareRelease.objects.get(product_line=line, version=version)


def order(line: ProductLine) -> str:
    return " ".join(SoftwareRelease.objects.filter(product_line=line).values_list("version", flat=True))


def counted_in(version: ProcedureVersion) -> set[str]:
    model = MachineModel.objects.get()
    found = SoftwareRelease.objects.filter(product_line=model.product_line)
    versions = ProcedureVersion.objects.filter(pk=version.pk)
    return {one.version for one in found if versions.applicable_to(model, one).exists()}


# (the release, its new position): out of the range, into it, an end past another release
CHANGES = [("3.0", 45), ("3.0", 15), ("1.0", 25), ("5.0", 15), ("2.0", 35), ("4.0", 55), ("4.0", 15)]


@pytest.mark.parametrize(("name", "position"), CHANGES)
def test_no_release_changes_sides_with_the_end_of_a_signed_range(
    version: ProcedureVersion, name: str, position: int
) -> None:
    line = version.product_line
    place_releases(line.pk, {one.pk: one.position * 10 for one in line.releases.all()})
    moved = release(line, name)
    moved.position = position
    with pytest.raises(ValidationError, match="SOP-1") as refused:
        moved.full_clean()
    assert list(refused.value.message_dict) == ["position"]
    for write in (
        moved.save,
        lambda: SoftwareRelease.objects.filter(pk=moved.pk).update(position=position),
    ):
        with pytest.raises(IntegrityError, match="keeps its order"), transaction.atomic():
            write()
    problems = make_plan(
        file=FILES["softwarerelease"], data=f"product_line,version,position\nLM,{name},{position}\n".encode()
    ).problems
    assert [(problem.line, problem.field) for problem in problems] == [(2, "position")]
    assert "SOP-1" in problems[0].reason
    assert counted_in(version) == {"2.0", "3.0"}


def test_the_desk_says_which_procedure_needs_the_order(version: ProcedureVersion) -> None:
    moved = release(version.product_line, "3.0")
    address = reverse("wagtailsnippets_procedures_softwarerelease:edit", args=[moved.pk])
    data = {"product_line": moved.product_line_id, "version": "3.0", "position": "77"}
    response = make.signed_in(make.documentation_staff()).post(address, data)
    errors = response.context["form"].errors
    assert list(errors) == ["position"]
    assert "SOP-1" in errors["position"][0]
    assert 'value="77"' in response.content.decode()


def test_the_desk_refuses_position_nought_as_any_other(version: ProcedureVersion) -> None:
    moved = release(version.product_line, "3.0")
    address = reverse("wagtailsnippets_procedures_softwarerelease:edit", args=[moved.pk])
    data = {"product_line": moved.product_line_id, "version": "3.0", "position": "0"}
    response = make.signed_in(make.documentation_staff()).post(address, data)
    assert response.status_code == 200
    assert "SOP-1" in response.context["form"].errors["position"][0]


@pytest.mark.parametrize("position", ["5", "4", "1"])
def test_the_desk_says_once_that_a_position_is_taken(version: ProcedureVersion, position: str) -> None:
    moved = release(version.product_line, "3.0")
    address = reverse("wagtailsnippets_procedures_softwarerelease:edit", args=[moved.pk])
    data = {"product_line": moved.product_line_id, "version": "3.0", "position": position}
    text = make.signed_in(make.documentation_staff()).post(address, data).content.decode()
    assert text.count(f"Position {position} is that of release {position}.0 already") == 1
    assert "SOP-1" not in text


def test_no_release_of_a_line_with_ranges_swaps_its_name(version: ProcedureVersion) -> None:
    """Two that swap their names have swapped their places."""
    line = version.product_line
    for name in ("3.0", "5.0"):
        renamed = release(line, name)
        renamed.version = "9.9"
        with pytest.raises(ValidationError, match="SOP-1"):
            renamed.full_clean()
        with pytest.raises(IntegrityError, match="keeps its name"), transaction.atomic():
            renamed.save()
        with pytest.raises(IntegrityError, match="keeps its name"), transaction.atomic():
            SoftwareRelease.objects.filter(pk=renamed.pk).update(product_line=make.product_line())
    other = make.releases(make.product_line(), "1.0")[0]
    other.version = "1.0.0"
    other.full_clean()
    other.save()


def test_what_is_in_review_keeps_its_order(line: ProductLine) -> None:
    first = make.released(number="SOP-1", product_line=line)
    draft = first.page.get_latest_revision_as_object()
    draft.applicability = [Applicability(model=MachineModel.objects.get(), release_from=release(line, "2.0"))]
    draft.save_revision(user=first.last_editor)
    releasing.submit_for_release(
        page=first.page, by=first.last_editor, change_summary="x", significance="minor"
    )
    moved = release(line, "1.0")
    moved.position = 50
    with pytest.raises(ValidationError, match="SOP-1"):
        moved.full_clean()


def take(rows: Mapping[str, int]) -> None:
    lines = "".join(f"LM,{name},{position}\n" for name, position in rows.items())
    plan = import_file(
        file=FILES["softwarerelease"], data=f"product_line,version,position\n{lines}".encode(), by=None
    )
    assert plan.done, plan.problems


def test_a_new_release_is_added_anywhere_and_what_is_free_moves(version: ProcedureVersion) -> None:
    """What comes between two releases comes under the range between them, as it comes under an open one."""
    line = version.product_line
    take({"7.0": 7})
    assert counted_in(version) == {"2.0", "3.0"}
    take({"2.0": 3, "3.0": 4, "3.5": 5, "4.0": 6, "5.0": 8, "6.0": 7, "7.0": 9, "1.0": 2, "0.9": 1})
    assert order(line) == "0.9 1.0 2.0 3.0 3.5 4.0 6.0 5.0 7.0"
    assert counted_in(version) == {"2.0", "3.0", "3.5"}
    free = release(line, "7.0")
    free.position = 70
    free.full_clean()
    free.save()
    release(line, "3.5").delete()
    take({"2.0": 30, "3.0": 40, "4.0": 60, "6.0": 65, "5.0": 68})
    assert counted_in(version) == {"2.0", "3.0"}


def test_a_file_may_turn_the_order_round_where_nothing_is_signed(line: ProductLine) -> None:
    take({f"{number}.0": 7 - number for number in range(1, 7)})
    assert order(line) == "6.0 5.0 4.0 3.0 2.0 1.0"
    assert [one.position for one in line.releases.all()] == [1, 2, 3, 4, 5, 6]
    assert release(line, "1.0").history.first().position == 6
