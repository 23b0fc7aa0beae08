"""manage.py demo: a site to try, with people, equipment, procedures, a review story and a year of tickets."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand, CommandParser
from django.test.utils import override_settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from kb.accounts.models import User
from kb.accounts.roles import (
    ADMINISTRATOR,
    DOCUMENTATION_STAFF,
    FIELD_ENGINEER,
    PROCEDURE_OWNER,
    ROLE_LABELS,
)
from kb.bootstrap import build_site
from kb.tickets.demo.load import DemoTickets
from procedures.demo import load as procedures_demo
from procedures.models import Machine
from review.demo import load as review_demo
from search import demo as terms_demo

PASSWORD = "lumen-demo-2026"
_LOOPBACK = {"127.0.0.1", "localhost", "[::1]"}


@dataclass(frozen=True, slots=True)
class _Person:
    username: str
    role: str
    first_name: str
    last_name: str
    language: str = ""


PEOPLE = (
    _Person("fiona.field", FIELD_ENGINEER, "Fiona", "Field", "en"),
    _Person("feng.field", FIELD_ENGINEER, "Feng", "Field", "zh-hans"),
    _Person("oscar.owner", PROCEDURE_OWNER, "Oscar", "Owner", "en"),
    _Person("olivia.owner", PROCEDURE_OWNER, "Olivia", "Owner", "en"),
    _Person("dora.docs", DOCUMENTATION_STAFF, "Dora", "Docs", "en"),
    _Person("adam.admin", ADMINISTRATOR, "Adam", "Admin", "en"),
    _Person("carla.customer", "", "Carla", "Customer", "en"),
)
APPROVER = "dora.docs"


class Command(BaseCommand):
    help = "Loads the demo into a migrated database; running it again changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--port", type=int, help="where `make demo` will serve it, for the address it prints"
        )

    def handle(self, **options: Any) -> None:
        # The story's people are made up: nobody is to get a mail about it.
        with override_settings(EMAIL_BACKEND="django.core.mail.backends.dummy.EmailBackend"):
            people = self._load()
        if options["verbosity"]:
            self._print(people, _served_at(options["port"]))

    def _load(self) -> dict[str, User]:
        now = timezone.now()
        build_site()
        people = {person.username: _account(person) for person in PEOPLE}
        procedures_demo.load(approver=people[APPROVER], now=now)
        _give_machines(people)
        terms_demo.load()
        tickets = DemoTickets(now=now, wanted=review_demo.wanted_tickets())
        tickets.load()
        review_demo.load(now=now, ticket_for=tickets.number_for, password=PASSWORD)
        tickets.record_uses()
        return people

    def _print(self, people: dict[str, User], address: str) -> None:
        rows = [(_("Account"), _("Password"), _("Role"))]
        for person in PEOPLE:
            password = PASSWORD if people[person.username].check_password(PASSWORD) else _("(changed)")
            rows.append(
                (person.username, password, str(ROLE_LABELS[person.role]) if person.role else _("Customer"))
            )
        widths = [max(len(row[column]) for row in rows) for column in range(3)]
        for row in rows:
            self.stdout.write(
                "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            )
        self.stdout.write("")
        self.stdout.write(
            _("Sign in at %(url)s; the CMS for owners and staff is at %(url)s%(cms)s.")
            % {"url": address, "cms": reverse("wagtailadmin_home")}
        )
        if set(settings.ALLOWED_HOSTS) - _LOOPBACK:
            self.stdout.write(
                self.style.WARNING(
                    _("These passwords are public: change them before others can reach this site.")
                )
            )


def _served_at(port: int | None) -> str:
    """The site's own address, but the port at which it is served on this machine."""
    address: str = settings.BASE_URL
    host = urlsplit(address).hostname or ""
    return f"http://{host}:{port}" if port and host in _LOOPBACK else address


def _account(person: _Person) -> User:
    """The person's account; one that is there already keeps its password and roles."""
    user = User.objects.filter(username=person.username).first()
    if user is None:
        user = User.objects.create_user(
            person.username,
            email=f"{person.username}@example.org",
            password=PASSWORD,
            first_name=person.first_name,
            last_name=person.last_name,
            language=person.language,
        )
        if person.role:
            user.groups.add(Group.objects.get(name=person.role))
    return user


def _give_machines(people: dict[str, User]) -> None:
    """Each field engineer looks after the machines of customers in their language."""
    for username, chinese in (("fiona.field", False), ("feng.field", True)):
        if not people[username].machines.exists():
            machines = [machine for machine in Machine.objects.all() if machine.customer.isascii() != chinese]
            people[username].machines.set(machines)
