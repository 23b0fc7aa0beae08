"""Guides that may help with a ticket, and for which machines they are."""

import pytest
from django.test import Client
from django.utils import translation

from kb.accounts.models import User
from kb.tickets import actions
from procedures.models import Machine
from tests import factories
from tests.integration.tickets.conftest import Scene


@pytest.mark.parametrize(
    ("language", "releases", "models"),
    [("en", "For other releases", "For other models"), ("zh-hans", "适用于其他软件版本", "适用于其他机型")],
)
def test_guides_for_the_machines_release_come_first_and_others_are_marked(
    scene: Scene, browser: Client, language: str, releases: str, models: str
) -> None:
    model = scene.machine.model
    User.objects.filter(pk=scene.engineer.pk).update(language=language)
    old, new = model.product_line.releases.order_by("position")[:2]
    elsewhere = factories.machine_model(model.product_line, "LM-900")
    title = scene.ticket.symptom
    for number, rows in {
        "A-ELSEWHERE": [{"model": elsewhere}],
        "B-OLD": [{"model": model, "release_before": new}],
        # Its models and its releases both name the machine's: but not together.
        "C-CROSSED": [{"model": model, "release_before": new}, {"model": elsewhere, "release_from": new}],
        "D-NEW": [{"model": model, "release_from": new}],
        "E-ANY": [],
    }.items():
        factories.released(
            owner=scene.owner, approver=scene.approver, number=number, title=title, applies_to=rows
        )
    actions.record_use(ticket=scene.ticket, version=scene.old, outcome="solved", note="", by=scene.engineer)

    def asked() -> tuple[dict[str, str], str]:
        page = browser.get(scene.ticket.get_absolute_url())
        with translation.override(language):
            marks = {guide.hit.document.number: str(guide.not_for) for guide in page.context["guides"]}
        return marks, page.content.decode()

    assert asked()[0]["D-NEW"] == releases, f"the machine runs {old}"
    Machine.objects.update(release=new)
    marks, page = asked()
    assert set(list(marks)[:2]) == {"D-NEW", "E-ANY"}
    assert set(list(marks)[2:4]) == {"B-OLD", "C-CROSSED"}
    assert list(marks.values()) == ["", "", releases, releases, models]
    assert (page.count(releases), page.count(models)) == (2, 1)
