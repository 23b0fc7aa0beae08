"""Before a release is signed: everything that it touches."""

from kb.tickets import actions as tickets
from procedures.models import Applicability, ProcedurePage
from procedures.queries import machines_for
from review import landing, releasing, threads
from review.effects import Outlook, effects_of
from tests import factories as make
from tests.factories import signed_in
from tests.integration.tickets.conftest import Scene


def test_the_release_page_shows_what_else_it_touches(scene: Scene) -> None:
    page = ProcedurePage.objects.get(pk=scene.old.page_id)
    step = scene.old.steps[0]["id"]
    tickets.record_use(ticket=scene.ticket, version=scene.old, outcome="helped", note="", by=scene.engineer)
    threads.start_thread(
        version=scene.old, step_id=step, kind="question", text="Which fan first?", by=scene.engineer
    )
    make.faq_entry("Is the fan loud?", source=page)
    other_model = make.machine_model(scene.machine.model.product_line, "LM-300")
    other = make.machine(other_model, scene.machine.release)
    added = make.error_code(other_model.product_line, "E-2000")
    draft = landing.working_copy(page)
    draft.applicability = [Applicability(model=other_model)]
    draft.error_codes.set([added])
    draft.steps = [make.step("new-step")]
    draft.steps = ProcedurePage._meta.get_field("steps").to_python([make.step("new-step")])
    draft.save_revision(user=scene.owner)
    release = releasing.submit_for_release(
        page=page, by=scene.owner, change_summary="Other machines", significance="minor"
    )
    found = {
        str(effect.label): [(item.text, item.note) for item in effect.items]
        for effect in effects_of(Outlook(page, scene.old, release.content, release, scene.approver))
    }
    assert found["Comments not resolved"] == [("Which fan first?", "its step is gone")]
    assert found["Error codes"] == [("E-1042", "answers it no more"), ("E-2000", "answers it from now on")]
    machines = [(scene.machine, "applies to it no more"), (other, "applies to it from now on")]
    assert sorted(found["Machines"]) == sorted((str(machine), note) for machine, note in machines)
    assert found["FAQ entries that cite it"] == [("Is the fan loud?", "check its answer")]
    ((ticket, note),) = found["Open tickets that used it"]
    assert ticket.startswith(scene.ticket.number)
    assert note == "stays on the version that was used"
    text = signed_in(scene.approver).get(f"/review/{page.number}/working-copy/").content.decode()
    for said in ("Which fan first?", "answers it no more", scene.ticket.number, other.serial):
        assert said in text


def test_the_machines_of_a_content_are_those_that_resolve_to_its_version(scene: Scene) -> None:
    line = make.product_line("QX")
    one, two, three = make.releases(line, "1.0", "2.0", "3.0")
    model = make.machine_model(line, "QX-1", ["lithium"])
    machines = [make.machine(model, release) for release in (one, two, three)]
    fitted = make.machine(model, two, options=["lithium"])
    rows = [{"model": model, "release_from": two, "release_before": three, "options": ["lithium"]}]
    for applies_to, expected in (
        (rows, {fitted}),
        ([{"model": model, "release_from": two}], {fitted, machines[1], machines[2]}),
        ([{"model": model, "release_before": two}], {machines[0]}),
        ([], {*machines, fitted}),
    ):
        version = make.released(applies_to=applies_to, product_line=line)
        assert set(machines_for(version.content)) == expected
        for machine in [*machines, fitted]:
            resolved = (
                type(version)
                .objects.filter(pk=version.pk)
                .applicable_to(machine.model, machine.release, machine.options)
            )
            assert resolved.exists() == (machine in expected)
