"""Who is told of what, once a person and event; watches are begun, changed and stopped on the site."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from kb.accounts.models import User
from procedures.models import ErrorCode, Module, ProcedureVersion, ProductLine
from review import deciding, landing, proposing, releasing, threads, watching
from review.models import How, MailPreference, Notice, Watch
from tests import factories as make
from tests.factories import signed_in

pytestmark = pytest.mark.django_db
WATCHES = "/review/watches/"


def build() -> int:
    line = make.product_line("UPS")
    fan = make.module(line, "FAN", parent=make.module(line, "COOL"))
    return make.released(
        owner=make.procedure_owner(), product_line=line, error_codes=[make.error_code(line, "E-1", module=fan)],
        steps=[make.step("a", body="Wait 5 minutes.")],
    ).pk  # fmt: skip


@pytest.fixture
def line(built: int, db: None) -> ProductLine:
    return ProductLine.objects.get(code="UPS")


@pytest.fixture
def module(built: int, db: None) -> Module:
    return Module.objects.get(code="COOL")


@pytest.fixture
def code(built: int, db: None) -> ErrorCode:
    return ErrorCode.objects.get(code="E-1")


def comment(version: ProcedureVersion, text: str = "Why?", by: User | None = None) -> Any:
    return threads.start_thread(
        version=version, step_id="a", kind="question", text=text, by=by or make.field_engineer()
    )


def told(person: User) -> list[str]:
    return list(Notice.objects.filter(recipient=person).order_by("pk").values_list("kind", flat=True))


def test_whoever_watches_any_of_what_a_procedure_belongs_to_is_told_once(version, line, module, code) -> None:
    people = [make.field_engineer() for _ in range(5)]
    for person, target in zip(people, (version.page, line, code, code.module, module), strict=True):
        watching.watch(target=target, by=person)
    everything, stranger = make.field_engineer(), make.field_engineer()
    for target in (version.page, line, code, module):
        watching.watch(target=target, by=everything)
    watching.watch(target=make.product_line(), by=stranger)
    comment(version)
    for person in (*people, everything):
        assert told(person) == ["commented"]
    assert told(stranger) == []


def test_the_watch_that_tells_soonest_counts_then_the_most_particular(version, line, code) -> None:
    person = make.field_engineer()
    watching.watch(target=line, by=person)
    particular = watching.watch(target=code, by=person)
    daily = watching.watch(target=version.page, by=person)
    Watch.objects.filter(pk=daily.pk).update(how=How.DAILY)
    comment(version)
    assert Notice.objects.get(recipient=person).watch == particular


def test_a_working_copy_in_another_line_counts_as_well(version, line) -> None:
    old, new, other = make.field_engineer(), make.field_engineer(), make.product_line("UPS2")
    copy = landing.working_copy(version.page)
    copy.product_line = other
    copy.save_revision(user=version.last_editor)
    watching.watch(target=line, by=old)
    watching.watch(target=other, by=new)
    comment(version)
    assert told(old) == told(new) == ["commented"]


def test_every_event_reaches_watchers_and_nobody_twice(version) -> None:
    owner, author = version.last_editor, make.field_engineer("ann")
    watcher, staff = make.field_engineer("wei"), make.documentation_staff()
    for person in (watcher, owner, author, staff):
        watching.watch(target=version.page, by=person)
    thread = comment(version, "Why? @wei", by=author)
    assert told(watcher) == ["mentioned"]
    assert told(author) == []
    threads.reply(thread=thread, text="Because, @ann.", by=owner)
    assert told(author) == ["answered"]
    suggestion = proposing.suggest(version=version, changes={("a", "body"): "Wait 6."}, reason="x", by=author)
    deciding.accept(suggestion=suggestion, by=owner)
    releasing.submit_for_release(page=version.page, by=owner, change_summary="Longer", significance="minor")
    new = make.approve(version.page, by=staff)
    releasing.withdraw(version=new, by=staff, password=make.PASSWORD, reason="Dangerous")
    assert told(watcher) == ["mentioned", "replied", "proposed", "settled", "in_force", "withdrawn"]
    assert told(author) == ["answered", "decided", "effective", "withdrawn"]
    assert told(owner)[1:] == ["commented", "proposed", "released", "withdrawn"]
    assert "in_force" not in told(staff)
    last = Notice.objects.filter(recipient=watcher, kind="withdrawn").get()
    assert (last.text, last.get_absolute_url()) == ("Dangerous", version.page.get_absolute_url())


def test_whoever_lost_the_role_is_not_told_and_customers_cannot_watch(version) -> None:
    former, customer = make.field_engineer(), make.make_user()
    watching.watch(target=version.page, by=former)
    former.groups.clear()
    comment(version)
    assert told(former) == []
    with pytest.raises(PermissionDenied):
        watching.watch(target=version.page, by=customer)
    address = reverse("review:watch", args=["page", version.page_id])
    assert signed_in(customer).post(address, {"watching": "1"}).status_code == 404
    assert signed_in(customer).get(WATCHES).status_code == 404
    assert not Watch.objects.filter(person=customer).exists()


def test_the_button_begins_and_stops_on_every_page_that_has_it(version, line, module, code) -> None:
    person = make.field_engineer()
    client = signed_in(person)
    pages = {
        "page": (version.page_id, version.page.get_absolute_url()),
        "error_code": (code.pk, code.get_absolute_url()),
        "product_line": (line.pk, line.get_absolute_url()),
        "module": (module.pk, f"{line.get_absolute_url()}?module=COOL"),
    }
    for kind, (pk, page) in pages.items():
        address = reverse("review:watch", args=[kind, pk])
        assert f'action="{address}"' in client.get(page).content.decode()
        response = client.post(address, {"watching": "1"})
        assert response["Location"].startswith(page)
        client.post(address, {"watching": "1"})  # pressed twice
        assert Watch.objects.filter(person=person, **{kind: pk}).count() == 1
        assert "Stop watching" in client.get(page).content.decode()
    assert Watch.objects.count() == 4
    for kind, (pk, _page) in pages.items():
        client.post(reverse("review:watch", args=[kind, pk]), {"watching": "0"})
    assert not Watch.objects.exists()
    assert client.post("/review/watches/user/1/", {"watching": "1"}).status_code == 404
    assert client.get(reverse("review:watch", args=["page", version.page_id])).status_code == 302


def test_a_reader_who_is_no_staff_sees_no_button() -> None:
    version = make.released(audience="public")
    for client in (Client(), signed_in(make.make_user())):
        assert "review/watches" not in client.get(version.page.get_absolute_url()).content.decode()


def test_one_page_lists_and_changes_all_and_keeps_what_was_typed(version, line, module, code) -> None:
    person = make.field_engineer()
    kept, changed, stopped, _other = (
        watching.watch(target=target, by=person) for target in (version.page, line, code, module)
    )
    client = signed_in(person)
    for page in ("/accounts/profile/", "/review/inbox/"):
        assert WATCHES in client.get(page).content.decode()
    text = client.get(WATCHES).content.decode()
    assert all(name in text for name in (version.page.title, "UPS", "E-1", "COOL"))
    form = {
        "own": "daily", "asked": "at_once", "safety": "inbox", "usual": "inbox", "daily_hour": "24",
        f"watch-{changed.pk}": "daily", f"watch-{stopped.pk}": "off", f"watch-{kept.pk}": "at_once",
    }  # fmt: skip
    response = client.post(WATCHES, form)
    assert response.status_code == 200
    assert response.context["form"]["daily_hour"].value() == "24"
    assert response.context["form"][f"watch-{stopped.pk}"].value() == "off"
    assert Watch.objects.count() == 4
    assert client.post(WATCHES, {**form, "daily_hour": "18"}).status_code == 302
    assert dict(Watch.objects.values_list("pk", "how")) == {
        kept.pk: "at_once", changed.pk: "daily", _other.pk: "at_once",
    }  # fmt: skip
    preference = MailPreference.objects.get(person=person)
    assert (preference.own, preference.usual, preference.daily_hour) == ("daily", "inbox", 18)
    assert watching.watch(target=code, by=person).how == "inbox"


def test_another_persons_watch_is_out_of_reach(version) -> None:
    theirs = watching.watch(target=version.page, by=make.field_engineer())
    form = {
        "own": "daily",
        "asked": "daily",
        "safety": "at_once",
        "usual": "daily",
        "daily_hour": "7",
        f"watch-{theirs.pk}": "off",
    }
    assert signed_in(make.field_engineer()).post(WATCHES, form).status_code == 302
    theirs.refresh_from_db()
    assert theirs.how == "at_once"


def test_the_database_keeps_watches_to_one_target_and_one_a_person(version, line) -> None:
    person, now = make.field_engineer(), timezone.now()
    for fields in ({}, {"page": version.page, "product_line": line}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Watch.objects.create(person=person, since=now, **fields)
    Watch.objects.create(person=person, since=now, product_line=line)
    with pytest.raises(IntegrityError), transaction.atomic():
        Watch.objects.create(person=person, since=now, product_line=line)
    with pytest.raises(IntegrityError), transaction.atomic():
        MailPreference.objects.create(person=person, daily_hour=24)


def test_what_is_watched_can_still_be_deleted(line) -> None:
    code, person = make.error_code(line), make.field_engineer()
    watching.watch(target=code, by=person)
    code.delete()
    assert not Watch.objects.exists()
