"""The site's own pages: who sees what on them, and that no address breaks them."""

import gzip
import json
import re
from typing import Any
from urllib.parse import quote

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.test import Client
from django.utils import timezone

from procedures.actions import accept_overlap
from procedures.models import Audience
from tests import factories
from tests.integration.site.conftest import World, client_of

PUBLIC_ADDRESSES = [
    "/",
    "/procedures/",
    "/equipment/",
    "/equipment/UPS/",
    "/models/U-100/",
    "/faq/",
    "/accounts/login/",
]


@pytest.mark.parametrize("who", ["nobody", "customer", "engineer", "owner"])
def test_a_page_opens_for_everybody_and_names_internal_procedures_to_staff_only(
    world: World, who: str
) -> None:
    client = client_of(None if who == "nobody" else getattr(world, who))
    named = ""
    staff = who in ("engineer", "owner")
    for address in PUBLIC_ADDRESSES:
        response = client.get(address, follow=True)
        # Of this model customers read nothing.
        unknown = address == "/models/U-100/" and who == "customer"
        assert response.status_code == (404 if unknown else 200), address
        named += response.content.decode()
    for secret in ("Secret", world.old_guide.number, world.internal_code.code, world.machine.customer):
        assert (secret in named) is staff


def test_every_page_says_its_language_and_runs_no_inline_script(world: World) -> None:
    response = Client(headers={"accept-language": "zh-CN"}).get("/")
    text = response.content.decode()
    assert '<html lang="zh-Hans">' in text
    assert not re.search(r"<style|style=|\son\w+=", text)
    assert all("src=" in tag or "application/ld+json" in tag for tag in re.findall(r"<script[^>]*>", text))
    assert "unsafe-inline" not in response["Content-Security-Policy"]


def test_a_page_is_sent_compressed_to_whom_takes_it_and_a_file_as_it_is(world: World) -> None:
    client, gzip_taken = client_of(world.owner), {"accept-encoding": "gzip"}
    plain, packed = client.get("/procedures/"), client.get("/procedures/", headers=gzip_taken)
    assert "Content-Encoding" not in plain
    assert packed["Content-Encoding"] == "gzip"
    assert len(packed.content) == int(packed["Content-Length"]) < len(plain.content) / 2
    assert world.old_guide.number in gzip.decompress(packed.content).decode()
    for response in (plain, packed):
        assert {"Accept-Encoding", "Cookie"} <= set(response["Vary"].split(", "))
        assert response.get("Cache-Control") == plain.get("Cache-Control")
    # What reads a body on its way out reads it as it was written.
    refused = client.get("/api/none-such/", headers=gzip_taken)
    assert (refused.status_code, refused["Content-Type"]) == (404, "application/json")
    name = default_storage.save("flat.png", ContentFile(b"\0" * 5_000))
    try:
        file = client.get(f"/media/{name}", headers=gzip_taken)
        assert (file["Content-Length"], "Content-Encoding" in file) == ("5000", False)
        assert b"".join(file) == b"\0" * 5_000
    finally:
        default_storage.delete(name)


# ---------- error codes ----------


def code_page(user: Any, code: Any, **query: Any) -> Any:
    return client_of(user).get(code.get_absolute_url(), query)


def test_a_code_leads_to_the_one_guide_for_the_machine(world: World) -> None:
    page = code_page(world.engineer, world.shared_code, machine=world.machine.serial).context["page"]
    assert page.guides == [world.old_guide]
    page = code_page(world.engineer, world.shared_code, model="U-100", release="3.0").context["page"]
    assert page.guides == [world.new_guide]


def test_without_a_release_the_page_asks_for_it(world: World) -> None:
    response = code_page(world.engineer, world.shared_code, model="U-100")
    assert response.context["page"].needs.release
    assert "The guide depends on the software release" in response.content.decode()


def test_several_guides_for_one_machine_are_called_several(world: World) -> None:
    draft = factories.working_copy(
        by=world.owner, procedure_owner=world.owner, title="A second opinion",
        product_line=world.line, error_codes=[world.shared_code], applies_to=[{"model": world.small}],
    )  # fmt: skip
    staff = factories.documentation_staff()
    for guide in (world.old_guide, world.new_guide):
        accept_overlap(one=draft, other=guide.page, code=None, reason="Both are tried out.", by=staff)
    factories.release(draft, by=world.owner, approver=staff)
    response = code_page(world.engineer, world.shared_code, model="U-100", release="3.0")
    assert len(response.context["page"].guides) == 2
    assert "More than one guide in force" in response.content.decode()


def test_no_guide_is_said_plainly_and_internal_ones_stay_unnamed(world: World) -> None:
    asked = {"model": "U-100", "release": "3.0"}
    # Nothing that customers read names the model.
    assert "has no such model" in code_page(world.customer, world.shared_code, **asked).content.decode()
    world.customer.machines.add(world.machine)
    text = code_page(world.customer, world.shared_code, **asked).content.decode()
    assert "No guide in force applies to this machine." in text
    assert "Guide for customers" in text  # listed with the model it is for
    assert "Secret" not in text


def test_a_code_cited_by_nothing_readable_is_unknown(world: World) -> None:
    assert code_page(None, world.shared_code).status_code == 404
    assert code_page(world.customer, world.internal_code).status_code == 404
    assert code_page(world.engineer, world.internal_code).status_code == 200


def test_a_customer_may_ask_about_own_machines_only(world: World) -> None:
    page = code_page(world.customer, world.shared_code, machine=world.machine.serial).context["page"]
    assert page.question.machine is None
    assert page.question.problems
    world.customer.machines.add(world.machine)
    page = code_page(world.customer, world.shared_code, machine=world.machine.serial).context["page"]
    assert page.question.machine == world.machine


# ---------- machines ----------


def test_a_machine_is_for_staff(world: World) -> None:
    address = world.machine.get_absolute_url()
    assert client_of(None).get(address).headers["Location"].startswith("/accounts/login/?next=/machines/")
    assert client_of(world.customer).get(address).status_code == 404
    response = client_of(world.engineer).get(address)
    shown = set(response.context["page_obj"])
    assert shown == {world.old_guide, world.public}
    assert f"/tickets/?machine={world.machine.serial}" in response.content.decode()


# ---------- FAQ ----------


def test_an_answer_for_customers_is_unknown_to_strangers(world: World) -> None:
    entry = factories.faq_entry("Which fuse?", audience=Audience.CUSTOMER)
    assert client_of(None).get(entry.get_absolute_url()).status_code == 404
    assert "Which fuse?" not in client_of(None).get("/faq/").content.decode()
    assert client_of(world.customer).get(entry.get_absolute_url()).status_code == 200


def test_an_answer_names_its_source_to_those_who_may_read_it(world: World) -> None:
    entry = factories.faq_entry(source=world.old_guide.page)
    assert (
        world.old_guide.number not in client_of(world.customer).get(entry.get_absolute_url()).content.decode()
    )
    assert world.old_guide.number in client_of(world.engineer).get(entry.get_absolute_url()).content.decode()


def test_structured_data_cannot_leave_its_script(world: World) -> None:
    entry = factories.faq_entry("</script><script>alert(1)</script> & more?", answer="Use `a < b`.")
    text = client_of(None).get(entry.get_absolute_url()).content.decode()
    block = re.search(r'<script type="application/ld\+json">(.*?)</script>', text, re.S)
    assert block
    assert json.loads(block[1])["mainEntity"][0]["name"] == entry.title
    assert "<script>alert" not in text


def test_the_faq_opens_in_the_language_of_the_interface(world: World) -> None:
    factories.faq_entry("English question", language="en")
    factories.faq_entry("中文问题", language="zh-hans")
    chinese = Client(headers={"accept-language": "zh-CN"})
    assert "English question" not in chinese.get("/faq/").content.decode()
    assert "English question" in chinese.get("/faq/?language=all").content.decode()
    assert "English question" not in chinese.get("/faq/?language=nonsense").content.decode()


# ---------- the list ----------


def test_the_list_narrows_by_its_form(world: World) -> None:
    client = client_of(world.engineer)
    shown = client.get("/procedures/", {"model": "U-200"}).context["page_obj"].object_list
    assert set(shown) == {world.customer_guide, world.public}
    assert not client.get("/procedures/", {"kind": "transport"}).context["page_obj"].object_list
    assert len(client.get("/procedures/", {"kind": "nonsense"}).context["page_obj"].object_list) == 4


def test_a_long_list_costs_no_query_more(world: World, django_assert_max_num_queries: Any) -> None:
    for _ in range(5):
        factories.released(owner=world.owner, title="One more", product_line=world.line)
    client = client_of(world.engineer)
    client.get("/procedures/")
    with django_assert_max_num_queries(14):
        client.get("/procedures/")


# ---------- hostile addresses ----------

HOSTILE = ["x" * 3000, "'\"<>&%", "9" * 40, "-1", "💥", "�", "..", "[]"]


@pytest.mark.parametrize(
    "address",
    [
        "/procedures/?kind={0}&model={0}&product_line={0}&language={0}&page={0}",
        "/equipment/?serial={0}",
        "/equipment/UPS/?module={0}&q={0}&page={0}",
        "/models/U-100/?page={0}",
        "/machines/{serial}/?kind={0}&page={0}",
        "/codes/UPS/E-99/?machine={0}&model={0}&release={0}&option={0}",
        "/codes/UPS/E-99/?model=U-100&release={0}&option-lithium={0}",
        "/faq/?language={0}",
        "/accounts/profile/?machine={0}",
        "/accounts/login/?next={0}",
    ],
)
def test_a_strange_parameter_is_no_fault(world: World, address: str) -> None:
    client = client_of(world.engineer)
    for value in HOSTILE:
        answer = client.get(address.format(quote(value, safe=""), serial=world.machine.serial))
        assert answer.status_code in (200, 302), value


@pytest.mark.parametrize(
    "address",
    [
        "/models/{}/",
        "/machines/{}/",
        "/equipment/{}/",
        "/codes/UPS/{}/",
        "/codes/{}/E-99/",
        "/faq/{}/",
        "/{}/",
    ],
)
def test_an_unknown_thing_is_not_found(world: World, address: str) -> None:
    client = client_of(world.engineer)
    for value in ("nope", "9" * 40, "💥", "'", "%252e", "a%20b"):
        response = client.get(address.format(value))
        assert response.status_code == 404, value
        assert 'class="site-nav"' in response.content.decode()


# ---------- files of the site ----------


def test_uploads_are_for_editors(world: World) -> None:
    name = default_storage.save("plan.html", ContentFile(b"<script>alert(1)</script>"))
    address = f"/media/{name}"
    assert client_of(None).get(address).status_code == 404
    assert client_of(world.engineer).get(address).status_code == 404
    response = client_of(world.owner).get(address)
    assert response.status_code == 200
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"].startswith("attachment")
    # Read to its end, it is closed by the client, which leaves the connection with this module's world open.
    assert b"".join(response.streaming_content) == b"<script>alert(1)</script>"


@pytest.mark.parametrize(
    "name", ["../kb/settings.py", "%2e%2e/%2e%2e/etc/passwd", "/etc/passwd", "nothing.png", "."]
)
def test_no_file_outside_the_uploads_is_served(db: None, name: str) -> None:
    assert client_of(factories.procedure_owner()).get(f"/media/{name}").status_code == 404


@pytest.mark.parametrize("address", ["/robots.txt", "/manifest.webmanifest"])
def test_files_that_browsers_ask_for(db: None, address: str) -> None:
    assert client_of(None).get(address).status_code == 200


def test_home_counts_what_waits(world: World) -> None:
    from review import threads
    from review.models import Notice

    version = world.old_guide
    Notice.objects.update(read_at=timezone.now())  # of the releases that made this world
    threads.start_thread(
        version=version,
        step_id=version.steps[0]["id"],
        kind="question",
        text="Which bolt?",
        by=world.engineer,
    )
    waits = client_of(world.owner).get("/").context["waits"]
    assert (waits.to_answer, waits.to_decide, waits.news, waits.total) == (1, 0, 0, 1)
    waits = client_of(world.engineer).get("/").context["waits"]
    assert (waits.to_answer, waits.news) == (0, 0)
    assert client_of(world.customer).get("/").context["waits"] is None
