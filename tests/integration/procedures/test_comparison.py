"""What changes, as a person reads it: on the page that compares versions and on the release page."""

import re

import pytest
from django.core.files.images import ImageFile
from django.test import Client
from wagtail.images.models import Image
from wagtail.images.tests.utils import get_test_image_file

from procedures.models import ProcedurePage, ProcedureVersion
from review import landing, releasing
from tests import factories as make
from tests.factories import signed_in

pytestmark = pytest.mark.django_db


def picture(width: int) -> Image:
    name = f"picture-{width}.png"
    file = ImageFile(get_test_image_file(filename=name, size=(width, 10)).file, name=name)
    return Image.objects.create(title=name, file=file)


def shown(image: Image, alt: str) -> dict:
    return {"type": "item", "id": f"i{image.pk}{alt}", "value": {"image": image.pk, "alt": alt}}


def save(version: ProcedureVersion, steps: list[dict], **fields: object) -> ProcedurePage:
    """The working copy with these steps, saved by the owner."""
    draft = landing.working_copy(ProcedurePage.objects.get(pk=version.page_id))
    draft.steps = ProcedurePage._meta.get_field("steps").to_python(steps)
    for name, value in fields.items():
        setattr(draft, name, value)
    draft.save_revision(user=version.last_editor)
    return ProcedurePage.objects.get(pk=version.page_id)


def release(version: ProcedureVersion, steps: list[dict], **fields: object) -> ProcedureVersion:
    page = save(version, steps, **fields)
    return make.release(page, by=version.last_editor, approver=make.documentation_staff(), summary="Changed")


def text_of(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_moved_changed_and_unchanged_steps_read_in_order() -> None:
    first = make.released(steps=[make.step(name, title=f"Step {name}") for name in "abcdef"])
    release(
        first,
        [
            *(make.step(name, title=f"Step {name}") for name in "acde"),
            make.step("b", title="Step b", body="Pull the lever."),
            make.step("f", title="Step f"),
        ],
    )
    client = signed_in(first.last_editor)
    page = client.get(f"/procedures/{first.number}/compare/").content.decode()
    text = text_of(page)
    assert (
        text.index("4 steps unchanged")
        < text.index("was step 2, now step 5")
        < text.index("1 step unchanged")
    )
    assert "Step 5 · Step b changed moved" in text
    assert "removed: Turn inserted: Pull the removed: switch inserted: lever ." in text
    assert "style=" not in page[page.index("<main") :]


def test_facts_and_lists_are_readable_not_data() -> None:
    line = make.product_line("LM")
    model = make.machine_model(line, "LM-400")
    first = make.released(
        steps=[make.step("a")], tools=["Torch"], product_line=line, error_codes=[make.error_code(line, "E-1")],
        applies_to=[{"model": model, "options": []}],
    )  # fmt: skip
    release(
        first,
        [make.step("a", minutes=15, importance="critical")],
        tools=["Torch", "Multimeter"],
        kind="upgrade",
    )
    client = signed_in(first.last_editor)
    text = text_of(client.get(f"/procedures/{first.number}/compare/").content.decode())
    assert "Tools Torch inserted: Multimeter" in text
    assert "Kind removed: Repair inserted: Upgrade" in text
    assert "Minutes removed: 5 inserted: 15" in text
    assert "Importance removed: Normal inserted: Critical" in text
    assert "{" not in text[text.index("Tools") : text.index("Importance")]


def test_images_of_two_versions_stand_side_by_side() -> None:
    old, new, extra = picture(10), picture(11), picture(12)
    first = make.released(steps=[make.step("a", images=[shown(old, "Breaker"), shown(extra, "Door")])])
    second = release(first, [make.step("a", images=[shown(new, "Breaker"), shown(extra, "The door")])])
    client = signed_in(first.last_editor)
    page = client.get(f"/procedures/{first.number}/compare/").content.decode()
    assert "image replaced" in page
    assert "caption changed" in page
    addresses = re.findall(r'<img src="([^"]+)"', page)
    assert addresses == [
        f"{version.get_absolute_url()}images/{version.steps[0]['images'][number]['sha256']}/"
        for number in (0, 1)
        for version in (first, second)
    ]
    for address in addresses:
        assert client.get(address).status_code == 200


def test_an_image_that_changed_places_is_not_replaced() -> None:
    pictures = [picture(width) for width in (10, 11, 12)]
    images = [shown(image, f"Number {number}") for number, image in enumerate(pictures)]
    first = make.released(steps=[make.step("a", images=images)])
    release(first, [make.step("a", images=[*images[1:], images[0]])])
    page = signed_in(first.last_editor).get(f"/procedures/{first.number}/compare/").content.decode()
    assert "was image 1, now image 3" in text_of(page)
    assert "image replaced" not in page
    assert page.count("<img ") == 2


def test_the_release_page_shows_an_image_not_yet_released_to_staff_only() -> None:
    old, new = picture(10), picture(11)
    first = make.released(steps=[make.step("a", images=[shown(old, "Breaker")])], audience="public")
    page = save(first, [make.step("a", images=[shown(new, "Breaker")])])
    staff = signed_in(make.documentation_staff())
    release_page = staff.get(f"/review/{first.number}/working-copy/").content.decode()
    before, after, whole = re.findall(r'<img src="([^"]+)"', release_page)
    assert after == whole  # the comparison, and the whole text below it
    assert before == f"{first.get_absolute_url()}images/{first.steps[0]['images'][0]['sha256']}/"
    assert after.startswith(f"/procedures/{first.number}/working-copy/images/")
    with new.open_file() as file:
        file.seek(0)
        uploaded = file.read()
    assert b"".join(staff.get(after).streaming_content) == uploaded
    assert Client().get(after).status_code == 302  # sign in first
    assert signed_in(make.make_user()).get(after).status_code == 404
    assert staff.get(after.replace(first.number, "SOP-NONE")).status_code == 404
    other = make.released()
    assert staff.get(after.replace(first.number, other.number)).status_code == 404
    assert staff.get(after.replace(after.split("/")[-2], "0" * 64)).status_code == 404
    # What was submitted stays visible while a later save shows another image.
    releasing.submit_for_release(
        page=page, by=first.last_editor, change_summary="New image", significance="minor"
    )
    save(first, [make.step("a", images=[shown(old, "Breaker")])])
    assert staff.get(after).status_code == 200


def test_a_removed_step_names_the_place_it_had() -> None:
    first = make.released(steps=[make.step(name, title=f"Title {name}") for name in "abc"])
    release(first, [make.step(name, title=f"Title {name}") for name in "ac"])
    text = text_of(signed_in(first.last_editor).get(f"/procedures/{first.number}/compare/").content.decode())
    assert "Was step 2 · Title b removed" in text
    assert "Step 2 · Title c" in text
