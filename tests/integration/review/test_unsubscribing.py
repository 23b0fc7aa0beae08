"""One click stops a kind of mail, without a session; only a token that this site signed does."""

from datetime import timedelta

import pytest
from django.core import mail as django_mail
from django.core import signing
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from kb.accounts.models import User
from kb.accounts.roles import FIELD_ENGINEER
from procedures.models import ProcedureVersion
from review import holding, notifying, threads, watching
from review.mailing.preferring import prefer
from review.mailing.tasks import enqueue_due
from review.mailing.unsubscribing import Off, token_of
from review.models import Hold, How, MailPreference, NoticeKind, Watch
from tests import factories as make

pytestmark = pytest.mark.django_db
NOW = timezone.now()
LATER = NOW + timedelta(minutes=10)
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def watcher() -> User:
    return make.make_user("wei", FIELD_ENGINEER, email="wei@example.org")


def build() -> int:
    made: int = make.released(title="Secret fan", steps=[make.step("a", body="Wait.")]).pk
    return made


def comment(version: ProcedureVersion) -> None:
    threads.start_thread(
        version=version, step_id="a", kind="question", text="Why?", by=make.field_engineer(), at=NOW
    )


def link() -> str:
    """The path of the newest mail's List-Unsubscribe."""
    header: str = django_mail.outbox[-1].extra_headers["List-Unsubscribe"]
    return header.strip("<>").removeprefix("http://127.0.0.1:8000")


def test_one_click_stops_this_watch_and_no_other(version, watcher) -> None:
    watch = watching.watch(target=version.page, by=watcher)
    other = watching.watch(target=make.product_line(), by=watcher)
    comment(version)
    enqueue_due(LATER)
    response = Client(enforce_csrf_checks=True).post(link(), ONE_CLICK)
    assert response.status_code == 200
    assert dict(Watch.objects.values_list("pk", "how")) == {watch.pk: "inbox", other.pk: "at_once"}
    comment(version)
    enqueue_due(LATER + timedelta(hours=1))
    assert len(django_mail.outbox) == 1
    assert Client().post(link(), ONE_CLICK).status_code == 200  # again


def test_opening_the_link_changes_nothing_and_its_button_does(version, watcher) -> None:
    watching.watch(target=version.page, by=watcher)
    comment(version)
    enqueue_due(LATER)
    client = Client()
    page = client.get(link()).content.decode()
    assert "Secret fan" in page
    assert client.head(link()).status_code == 200
    assert Watch.objects.get().how == "at_once"
    assert "Stopped" in client.post(link()).content.decode()
    assert Watch.objects.get().how == "inbox"


def test_the_page_names_nothing_to_whoever_lost_the_right(version, watcher) -> None:
    watching.watch(target=version.page, by=watcher)
    comment(version)
    enqueue_due(LATER)
    watcher.groups.clear()
    for response in (Client().get(link()), Client().post(link())):
        assert response.status_code == 200
        assert "Secret fan" not in response.content.decode()
    assert Watch.objects.get().how == "inbox"


@pytest.mark.parametrize(("kind", "field"), [(NoticeKind.DECIDED, "own"), (NoticeKind.REMINDED, "asked")])
def test_what_came_without_a_watch_stops_by_its_preference(version, watcher, kind: str, field: str) -> None:
    notifying.notify([watcher], kind, version.page, at=NOW)
    enqueue_due(LATER)
    Client().post(link(), ONE_CLICK)
    preference = MailPreference.objects.get(person=watcher)
    assert {name: getattr(preference, name) for name in ("own", "asked")} == {
        "own": "at_once", "asked": "at_once", field: "inbox",
    }  # fmt: skip


def test_enough_of_a_watch_is_not_enough_of_being_asked(version, watcher) -> None:
    watching.watch(target=version.page, by=watcher)
    comment(version)
    notifying.notify([watcher], NoticeKind.REMINDED, version.page, at=NOW)
    enqueue_due(LATER)
    Client().post(link(), ONE_CLICK)
    assert Watch.objects.get().how == "inbox"
    assert not MailPreference.objects.filter(asked="inbox").exists()


def test_the_daily_mail_stops_as_a_whole(version, watcher) -> None:
    prefer(person=watcher, at=NOW, own=How.DAILY, usual=How.DAILY)
    watching.watch(target=version.page, by=watcher)
    comment(version)
    enqueue_due(NOW + timedelta(days=1))
    Client().post(link(), ONE_CLICK)
    assert Watch.objects.get().how == "inbox"
    preference = MailPreference.objects.get()
    assert (preference.own, preference.asked, preference.usual) == ("inbox", "at_once", "inbox")


@pytest.mark.parametrize("token", ["x", "a:b:c", "..", "%F0%9F%98%80", "e" * 2000])
def test_a_hostile_token_is_refused_with_a_way_on(token: str) -> None:
    for method in ("get", "post"):
        response = getattr(Client(), method)(f"/review/mail/off/{token}/")
        assert response.status_code == 404
    assert "not whole" in Client().get("/review/mail/off/x/").content.decode()


def test_a_token_is_bound_to_its_person_and_purpose(version, watcher) -> None:
    watch = watching.watch(target=version.page, by=watcher)
    thief = make.field_engineer()
    token = token_of(Off(thief.pk, "watches", (watch.pk,)))
    Client().post(reverse("review:unsubscribe", args=[token]))
    good = token_of(Off(watcher.pk, "watches", (watch.pk,)))
    for forged in (
        good[:-1] + ("A" if good[-1] != "A" else "B"),
        signing.dumps({"person": watcher.pk, "kind": "watches", "watches": [watch.pk]}),
        signing.dumps(
            {"person": watcher.pk, "kind": "usual", "watches": []}, salt="review.mailing.unsubscribing"
        ),
    ):
        assert Client().post(reverse("review:unsubscribe", args=[forged])).status_code == 404
    watch.refresh_from_db()
    assert watch.how == "at_once"


SAFETY = [NoticeKind.SAFETY, NoticeKind.SAFETY_LATE, NoticeKind.ON_HOLD, NoticeKind.HOLD_LIFTED]


@pytest.mark.parametrize("how", [How.DAILY, How.INBOX])
@pytest.mark.parametrize("kind", SAFETY)
def test_no_other_choice_holds_back_what_is_about_safety(version, watcher, kind, how) -> None:
    prefer(person=watcher, at=NOW, own=how, asked=how, usual=how)
    notifying.notify([watcher], kind, version.page, at=NOW)
    enqueue_due(NOW)
    assert len(django_mail.outbox) == 1


@pytest.mark.parametrize("kind", ["own", "asked", "daily"])
def test_one_click_on_an_ordinary_mail_leaves_safety_alone(version, watcher, kind) -> None:
    Client().post(reverse("review:unsubscribe", args=[token_of(Off(watcher.pk, kind))]), ONE_CLICK)
    notifying.notify([watcher], NoticeKind.REMINDED, version.page, at=NOW)
    notifying.notify([watcher], NoticeKind.SAFETY, version.page, at=NOW)
    enqueue_due(NOW)
    assert len(django_mail.outbox) == 1
    assert "about safety" in django_mail.outbox[0].subject


def test_a_safety_mail_has_a_link_of_its_own(version, watcher) -> None:
    notifying.notify([watcher], NoticeKind.SAFETY, version.page, at=NOW)
    enqueue_due(NOW)
    assert "E-mail about safety and holds" in django_mail.outbox[0].body
    Client().post(link(), ONE_CLICK)
    preference = MailPreference.of(watcher)
    assert (preference.own, preference.asked, preference.safety) == ("at_once", "at_once", "inbox")
    notifying.notify([watcher], NoticeKind.SAFETY, version.page, at=NOW)
    enqueue_due(LATER)
    assert len(django_mail.outbox) == 1


def test_a_mail_that_says_other_things_too_stops_only_those(version, watcher) -> None:
    notifying.notify([watcher], NoticeKind.ANSWERED, version.page, at=NOW)
    notifying.notify([watcher], NoticeKind.SAFETY, version.page, at=NOW)
    enqueue_due(NOW)
    Client().post(link(), ONE_CLICK)
    preference = MailPreference.of(watcher)
    assert (preference.own, preference.asked, preference.safety) == ("inbox", "at_once", "at_once")


def test_the_database_knows_no_third_way_for_safety(watcher) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        MailPreference.objects.create(person=watcher, safety=How.DAILY)


def test_one_click_stops_every_watch_that_would_bring_the_next_mail(watcher) -> None:
    line = make.product_line("LM")
    whole = make.module(line, "PUMP")
    code = make.error_code(line, "E-77", module=make.module(line, "SEAL", parent=whole))
    version = make.released(title="Fan", product_line=line, error_codes=[code], steps=[make.step("a")])
    other = watching.watch(target=make.product_line(), by=watcher)
    for target in (version.page, code, whole, line):
        watching.watch(target=target, by=watcher)
    Watch.objects.filter(module=whole).update(how=How.DAILY)
    comment(version)
    enqueue_due(LATER)
    page = Client().get(link()).content.decode()
    for name in ("Fan", "E-77", "PUMP", "LM"):
        assert name in page.split("E-mail about what you watch")[1]
    Client(enforce_csrf_checks=True).post(link(), ONE_CLICK)
    assert dict(Watch.objects.exclude(how=How.INBOX).values_list("pk", "how")) == {other.pk: "at_once"}
    comment(version)
    enqueue_due(LATER + timedelta(days=2))
    assert len(django_mail.outbox) == 1


@pytest.mark.parametrize("how", [How.DAILY, How.INBOX])
def test_a_hold_is_mailed_however_a_watch_tells_of_other_things(version, watcher, how) -> None:
    watching.watch(target=version.page, by=watcher)
    Watch.objects.update(how=how)
    owner = make.documentation_staff()

    def hold() -> None:
        holding.place(page=version.page, by=owner, password=make.PASSWORD, reason="Slips", instead="Stop")
        enqueue_due(timezone.now() + timedelta(seconds=1))

    hold()
    (message,) = django_mail.outbox
    assert message.to == ["wei@example.org"]
    assert "E-mail about safety and holds" in Client().get(link()).content.decode()
    Client().post(link(), ONE_CLICK)
    assert MailPreference.of(watcher).safety == How.INBOX
    assert Watch.objects.get().how == how
    holding.lift(hold=Hold.objects.get(), by=owner, password=make.PASSWORD, reason="Mended")
    hold()
    assert len(django_mail.outbox) == 1
