"""Controlled copies: what is on the paper, who may make one, and what its code answers later."""

import re
import sys
from io import BytesIO

import pytest
from django.core.files.storage import default_storage
from django.http import HttpResponse
from django.test import Client
from pypdf import PdfReader
from wagtail.images.models import Image
from wagtail.images.tests.utils import get_test_image_file_jpeg

from procedures.actions import withdraw_version
from procedures.frozen_files import frozen_name
from procedures.models import ProcedureVersion
from review import landing
from tests import factories as make
from tests.factories import signed_in

pytestmark = pytest.mark.django_db


def build() -> tuple[int, int]:
    return make.released().pk, make.released(audience="public").pk


@pytest.fixture
def version(built: tuple[int, int], db: None) -> ProcedureVersion:
    """For staff only."""
    return ProcedureVersion.objects.get(pk=built[0])


@pytest.fixture
def public(built: tuple[int, int], db: None) -> ProcedureVersion:
    return ProcedureVersion.objects.get(pk=built[1])


def pages_of(response: HttpResponse) -> list[str]:
    """The text of each page, with single spaces."""
    assert response.status_code == 200
    assert response["Content-Type"] == "application/pdf"
    reader = PdfReader(BytesIO(response.content))
    return [re.sub(r"\s+", " ", page.extract_text()) for page in reader.pages]


def image_sizes(response: HttpResponse) -> set[tuple[int, int]]:
    return {
        i.image.size for page in PdfReader(BytesIO(response.content)).pages for i in page.images if i.image
    }


def pdf_of(version: ProcedureVersion) -> str:
    return f"{version.get_absolute_url()}pdf/"


def copy_of(version: ProcedureVersion) -> str:
    return f"/copies/{version.number}/{version.label}/{version.sha256[:16]}/"


def superseded(version: ProcedureVersion, audience: str = "") -> ProcedureVersion:
    """Release the next version; returns the one in force."""
    draft = landing.working_copy(version.page)
    draft.steps[0].value["body"] = "New text."
    draft.audience = audience or draft.audience
    draft.save_revision(user=version.last_editor)
    return make.release(
        version.page, by=version.last_editor, approver=make.documentation_staff(), summary="New"
    )


def withdrawn(version: ProcedureVersion, reason: str) -> None:
    withdraw_version(version=version, by=version.approved_by, reason=reason)
    version.refresh_from_db()


# ---------- the paper ----------


@pytest.mark.printing
def test_every_page_says_what_it_is_a_copy_of_and_how_many_there_are() -> None:
    version = make.released(steps=[make.step(f"s{n}", body="Do this.\n\n" * 8) for n in range(12)])
    reader = make.make_user("paper", "Field engineer", first_name="Paper", last_name="Reader")
    response = signed_in(reader).get(pdf_of(version))
    assert f'filename="{version.number}-1.0.pdf"' in response["Content-Disposition"]
    pages = pages_of(response)
    assert len(pages) > 2
    for place, page in enumerate(pages, 1):
        assert version.number in page
        assert "Version 1.0" in page
        assert f"effective from {version.effective_from:%Y-%m-%d}" in page
        assert "Uncontrolled when printed" in page
        assert re.search(r"Printed \d{4}-\d\d-\d\d \d\d:\d\d UTC · Paper Reader", page)
        assert f"Page {place} of {len(pages)}" in page
        assert "Do not use it" not in page


@pytest.mark.printing
def test_a_copy_holds_what_the_page_holds() -> None:
    line = make.product_line()
    model = make.machine_model(line, "MD-COPY")
    version = make.released(
        title="Replace the fan", summary="When it is loud.", safety="Lock **out** the mains.",
        tools=["Torque wrench"], parts=["Fan FN-1"], skills=["Two people"], product_line=line,
        applies_to=[{"model": model}], error_codes=[make.error_code(line, "E-7777")],
        steps=[make.step("a", title="Open", body="Turn | it", expected="It hums.", caution="Hot edges.")],
    )  # fmt: skip
    text = " ".join(pages_of(signed_in(make.field_engineer()).get(pdf_of(version))))
    for said in (
        "Replace the fan", "When it is loud.", "Lock out the mains.", "Torque wrench", "Fan FN-1", "Two people",
        "MD-COPY", "E-7777", "Open", "Turn | it", "It hums.", "Hot edges.", version.sha256,
        version.approved_by.display_name,
    ):  # fmt: skip
        assert said in text


@pytest.mark.printing
def test_a_caution_is_never_on_another_page_than_the_title_and_the_first_words_of_its_step() -> None:
    steps = [
        make.step(
            f"s{n}",
            title=f"Title{n:02}.",
            caution=f"Beware{n:02}. " + "Hands off. " * (n * 7 % 40),
            body=f"Begin{n:02}. " + "Then turn the screw a little further. " * (n * 13 % 150),
        )
        for n in range(25)
    ]
    pages = pages_of(signed_in(make.field_engineer()).get(pdf_of(make.released(steps=steps))))
    for n in range(25):
        (page,) = [page for page in pages if f"Title{n:02}." in page]
        assert f"Beware{n:02}." in page
        assert f"Begin{n:02}." in page


@pytest.mark.printing
def test_chinese_is_text_in_a_chinese_font_and_the_labels_speak_the_readers_language() -> None:
    version = make.released(
        title="更换风机", language="zh-hans", safety="断开主电源。",
        steps=[make.step("a", title="停机", body="确认母线电压低于 **60 V**。", caution="高压危险。")],
    )  # fmt: skip
    client = signed_in(make.field_engineer())
    response = client.get(pdf_of(version), headers={"accept-language": "zh-hans"})
    (page,) = pages_of(response)
    closed_up = page.replace(" ", "")
    for said in ("更换风机", "断开主电源。", "确认母线电压低于60V。", "高压危险。", "第1页，共1页"):
        assert said in closed_up
    fonts = {
        str(font.get_object()["/BaseFont"])
        for sheet in PdfReader(BytesIO(response.content)).pages
        for font in sheet["/Resources"]["/Font"].values()
    }
    assert any("CJK" in font for font in fonts)


@pytest.mark.printing
def test_images_are_the_frozen_ones_and_a_missing_one_is_owned_up_to() -> None:
    images = [
        Image.objects.create(title=name, file=get_test_image_file_jpeg(filename=name, size=size))
        for name, size in (("one.jpg", (640, 480)), ("two.jpg", (320, 200)))
    ]
    step = make.step(
        "a",
        images=[
            {
                "type": "item",
                "id": f"i{image.pk}",
                "value": {"image": image.pk, "alt": f"Shows {image.title}"},
            }
            for image in images
        ],
    )
    version = make.released(steps=[step])
    client = signed_in(make.field_engineer())
    assert image_sizes(client.get(pdf_of(version))) == {(320, 200), (640, 480)}

    lost = frozen_name(version.steps[0]["images"][0]["sha256"])
    assert lost
    default_storage.delete(lost)
    response = client.get(pdf_of(version))
    assert "This image could not be read." in " ".join(pages_of(response))
    assert image_sizes(response) == {(320, 200)}


@pytest.mark.printing
def test_a_copy_of_what_is_no_longer_in_force_says_so_on_every_page() -> None:
    steps = [make.step(f"s{n}", body="Do this.\n\n" * 8) for n in range(8)]
    old, gone = make.released(steps=steps), make.released(steps=steps)
    superseded(old)
    withdrawn(gone, "The fan can burst.")
    client = signed_in(make.field_engineer())
    for version, mark in ((old, "Superseded"), (gone, "Withdrawn")):
        pages = pages_of(client.get(pdf_of(version)))
        assert len(pages) > 1
        for page in pages:
            assert page.count(mark) >= 2  # in the header, and across the text
            assert "Do not use it." in page
    assert "The fan can burst." in pages[0]


# ---------- who may print ----------


@pytest.mark.printing
def test_whoever_may_read_a_version_may_print_it_and_nobody_else() -> None:
    internal, customers, public = (make.released(audience=a) for a in ("internal", "customer", "public"))
    nobody, customer = Client(), signed_in(make.make_user())
    engineer = signed_in(make.field_engineer())
    expected = {internal: (404, 404, 200), customers: (404, 200, 200), public: (200, 200, 200)}
    for version, codes in expected.items():
        assert tuple(c.get(pdf_of(version)).status_code for c in (nobody, customer, engineer)) == codes
    superseded(public)
    assert nobody.get(pdf_of(public)).status_code == 200  # old, marked so on each page
    assert nobody.get(f"/procedures/{public.number}/v/x.y/pdf/").status_code == 404


@pytest.mark.printing
def test_a_customers_copy_names_nobody_of_the_staff() -> None:
    approver = make.make_user("approver", "Documentation staff", first_name="Hidden", last_name="Approver")
    version = make.released(audience="public", approver=approver)
    for client in (Client(), signed_in(make.make_user())):
        assert "Hidden" not in " ".join(pages_of(client.get(pdf_of(version))))
        assert pdf_of(version) in client.get(version.get_absolute_url()).content.decode()


def test_where_no_pdf_can_be_made_staff_read_what_to_install(
    public: ProcedureVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "weasyprint", None)  # what an import of a missing package finds
    for client, told in ((Client(), False), (signed_in(make.field_engineer()), True)):
        response = client.get(pdf_of(public))
        assert response.status_code == 503
        assert ("apt-get install libpango-1.0-0" in response.content.decode()) is told
        assert client.get(public.get_absolute_url()).status_code == 200


# ---------- following and pinned links ----------


def test_latest_follows_and_a_pinned_address_stays(public: ProcedureVersion) -> None:
    address = f"/procedures/{public.number}/latest/"
    assert Client().get(address)["Location"] == public.get_absolute_url()
    second = superseded(public)
    response = Client().get(address)
    assert response.status_code == 302
    assert response["Location"] == second.get_absolute_url()
    page = signed_in(make.field_engineer()).get(public.get_absolute_url()).content.decode()
    assert "Version 1.0 is no longer in force." in page
    assert Client().get(f"/procedures/{make.released().number}/latest/").status_code == 404
