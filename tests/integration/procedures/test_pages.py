"""The pages of a procedure: what they cost, what they say, and what they keep from whom."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.files.images import ImageFile
from django.test import Client
from wagtail.images.models import Image
from wagtail.images.tests.utils import get_test_image_file

from procedures.models import ProcedureVersion
from review import landing, proposing, threads
from tests import factories as make
from tests.factories import signed_in

pytestmark = pytest.mark.django_db


def test_a_page_costs_a_signed_in_reader_twelve_queries_at_most(django_assert_max_num_queries) -> None:
    line = make.product_line()
    version = make.released(
        product_line=line,
        error_codes=[make.error_code(line) for _ in range(3)],
        steps=[make.step(f"s{n}", body="Do **this**.") for n in range(40)],
    )
    reader = make.field_engineer()
    for n in range(10):
        threads.start_thread(version=version, step_id=f"s{n}", kind="question", text="Why?", by=reader)
        proposing.suggest(version=version, changes={(f"s{n}", "body"): "Other."}, reason="x", by=reader)
    client = signed_in(reader)
    client.get(version.get_absolute_url())
    with django_assert_max_num_queries(12):
        page = client.get(version.get_absolute_url()).content.decode()
    assert page.count("Why?") == 10


def test_an_old_version_says_so_and_names_the_one_in_force() -> None:
    first = make.released(steps=[make.step("a", body="Old text.")])
    draft = landing.working_copy(first.page)
    draft.steps[0].value["body"] = "New text."
    draft.save_revision(user=first.last_editor)
    make.release(first.page, by=first.last_editor, approver=make.documentation_staff(), summary="New")
    page = signed_in(make.field_engineer()).get(first.get_absolute_url()).content.decode()
    assert "Old text." in page
    assert "Version 1.0 is no longer in force." in page
    assert f"/procedures/{first.number}/v/1.1/" in page
    assert 'id="step-a"' in page


def test_a_customer_sees_no_name_mark_or_history_of_a_public_procedure() -> None:
    version = make.released(audience="public")
    engineer = make.make_user("secret.person", "Field engineer", first_name="Hidden", last_name="Person")
    threads.start_thread(version=version, step_id="", kind="question", text="Internal remark", by=engineer)
    for client in (Client(), signed_in(make.make_user())):
        page = client.get(version.get_absolute_url()).content.decode()
        assert version.title in page
        for secret in ("Internal remark", "Hidden", version.approved_by.username, "working-copy"):
            assert secret not in page
        assert client.get(f"/procedures/{version.number}/history/").status_code == 404
        assert client.get(f"/procedures/{version.number}/compare/").status_code == 404


@pytest.mark.parametrize(
    "label", ["1", "1.x", "99.0", "1.0.0", "-1.0", "١.٠", "99999999999999999999.0", "4294967296.0"]
)
def test_a_label_that_names_no_version_is_not_found(label: str) -> None:
    version = make.released(audience="public")
    assert Client().get(f"/procedures/{version.number}/v/{label}/").status_code == 404


def test_an_image_is_frozen_and_shown_only_to_who_may_read_its_version() -> None:
    owner = make.procedure_owner()
    image = Image.objects.create(title="breaker", file=get_test_image_file())
    step = make.step(
        "a", images=[{"type": "item", "id": "i1", "value": {"image": image.pk, "alt": "The breaker"}}]
    )
    version = make.released(owner=owner, steps=[step])
    sha256 = version.steps[0]["images"][0]["sha256"]
    address = f"{version.get_absolute_url()}images/{sha256}/"
    reader = signed_in(make.field_engineer())
    before = b"".join(reader.get(address).streaming_content)
    image.file = ImageFile(get_test_image_file(filename="other.png", size=(10, 10)).file, name="other.png")
    image.save()
    assert b"".join(reader.get(address).streaming_content) == before
    assert Client().get(address).status_code == 404
    assert reader.get(f"{version.get_absolute_url()}images/{'0' * 64}/").status_code == 404


def test_hostile_markdown_reaches_no_page() -> None:
    text = "<script>alert(1)</script><img src=x onerror=alert(1)> [x](javascript:alert(1)) <b style=x>b</b>"
    version = make.released(
        audience="public", title="<script>t</script>", summary=text, safety=text, tools=[text],
        steps=[make.step("a", title="<img src=x onerror=y>", body=text, expected=text, caution=text)],
    )  # fmt: skip
    assert ProcedureVersion.objects.visible_to(AnonymousUser()).get() == version
    page = Client().get(version.get_absolute_url()).content.decode()
    for bad in ("<script>alert", "<script>t", "<img src=x", 'href="javascript', "<b style"):
        assert bad not in page
