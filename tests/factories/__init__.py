"""Test objects that speak the domain; a state is reached through the real actions."""

import re
from collections.abc import Mapping, Sequence
from html import unescape
from itertools import count
from typing import Any

from django.contrib.auth.models import Group
from django.test import Client

from kb.accounts.models import User
from kb.accounts.roles import DOCUMENTATION_STAFF, FIELD_ENGINEER, PROCEDURE_OWNER
from procedures.content import canonical_content
from procedures.models import (
    Applicability,
    Audience,
    ErrorCode,
    FaqCategory,
    FaqIndexPage,
    FaqPage,
    Machine,
    MachineModel,
    Module,
    ProcedureIndexPage,
    ProcedurePage,
    ProcedureVersion,
    ProductLine,
    SoftwareRelease,
)
from review import releasing
from review.landing import find
from review.models import Release

_next = count(1)
PASSWORD = "correct horse battery"


def make_user(username: str = "", *roles: str, **fields: Any) -> User:
    user = User.objects.create_user(username or f"person{next(_next)}", password=PASSWORD, **fields)
    user.groups.set(Group.objects.filter(name__in=roles))
    assert user.groups.count() == len(roles)
    return user


def field_engineer(username: str = "") -> User:
    return make_user(username, FIELD_ENGINEER)


def procedure_owner(username: str = "") -> User:
    return make_user(username, PROCEDURE_OWNER)


def documentation_staff(username: str = "") -> User:
    return make_user(username, DOCUMENTATION_STAFF)


def product_line(code: str = "") -> ProductLine:
    code = code or f"PL{next(_next)}"
    return ProductLine.objects.create(code=code, name=f"Line {code}", name_zh=f"产品线 {code}")


def releases(line: ProductLine, *versions: str) -> list[SoftwareRelease]:
    return [
        SoftwareRelease.objects.create(product_line=line, version=version, position=position)
        for position, version in enumerate(versions or ("1.0", "2.0", "3.0"), 1)
    ]


def machine_model(line: ProductLine, code: str = "", options: Sequence[str] = ()) -> MachineModel:
    code = code or f"MD-{next(_next)}"
    return MachineModel.objects.create(
        product_line=line, code=code, name=f"Model {code}", options=list(options)
    )


def machine(model: MachineModel, release: SoftwareRelease, **fields: Any) -> Machine:
    return Machine.objects.create(serial=f"SN-{next(_next):05d}", model=model, release=release, **fields)


def module(line: ProductLine, code: str = "", parent: Module | None = None) -> Module:
    code = code or f"MO{next(_next)}"
    return Module.objects.create(product_line=line, code=code, name=f"Module {code}", parent=parent)


def error_code(line: ProductLine, code: str = "", **fields: Any) -> ErrorCode:
    fields.setdefault("meaning", "The bus voltage is too high.")
    return ErrorCode.objects.create(product_line=line, code=code or f"E-{next(_next):04d}", **fields)


def step(step_id: str = "", **texts: Any) -> dict[str, Any]:
    """A raw step of the stream."""
    value = {
        "title": "Switch off", "body": "Turn the switch.", "expected": "", "caution": "", "images": [],
        "minutes": 5, "importance": "normal", **texts,
    }  # fmt: skip
    return {"type": "step", "id": step_id or f"step-{next(_next)}", "value": value}


def working_copy(
    *, by: User, steps: Sequence[Mapping[str, Any]] | None = None,
    applies_to: Sequence[Mapping[str, Any]] = (), error_codes: Sequence[ErrorCode] = (), **fields: Any,
) -> ProcedurePage:  # fmt: skip
    """A page with one revision, edited last by `by`; nothing of it is released."""
    number = fields.pop("number", "") or f"SOP-{next(_next)}"
    page = ProcedurePage(
        title=fields.pop("title", "Replace the fan"),
        number=number,
        slug=number.lower().replace(".", "-"),
        live=False,
        steps=[dict(s) for s in (steps if steps is not None else [step()])],
        **fields,
    )
    page.steps = ProcedurePage._meta.get_field("steps").to_python(
        [dict(s) for s in (steps if steps is not None else [step()])]
    )
    page.applicability = [Applicability(**row) for row in applies_to]
    page.error_codes.set(error_codes)
    ProcedureIndexPage.objects.get().add_child(instance=page)
    page.save_revision(user=by)
    return ProcedurePage.objects.get(pk=page.pk)


def release(
    page: ProcedurePage,
    *,
    by: User,
    approver: User,
    summary: str = "First release",
    significance: str = "minor",
) -> ProcedureVersion:
    """Submit and approve the working copy as it stands."""
    submitted = releasing.submit_for_release(
        page=page, by=by, change_summary=summary, significance=significance
    )
    return approve(submitted.page, by=approver)


def approve(page: ProcedurePage, *, by: User) -> ProcedureVersion:
    """Sign every stage of what is in review, as the plan to begin with needs it: one signature."""
    release = Release.objects.in_review().get(page=page)
    for stage in release.stages.all():
        releasing.sign(stage=stage, by=by, password=PASSWORD, seen_sha256=release.sha256)
    release.refresh_from_db()
    assert release.version is not None
    return release.version


def released(
    *,
    owner: User | None = None,
    approver: User | None = None,
    audience: str = Audience.INTERNAL,
    **fields: Any,
) -> ProcedureVersion:
    """Version 1.0 of a new procedure, through the real approval."""
    owner = owner or procedure_owner()
    page = working_copy(by=owner, procedure_owner=owner, audience=audience, **fields)
    return release(page, by=owner, approver=approver or documentation_staff())


def text_of(page: ProcedurePage, step_id: str, field: str = "body") -> str | None:
    """What the page, as it is in memory, says there; None where it has no such step."""
    step = find(canonical_content(page)["steps"], step_id)
    return step and step[field]


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def results_lead_to(page: str) -> list[str]:
    """Where the links to the results of a search page lead, without what tells the search log of them."""
    links = map(unescape, re.findall(r'href="([^"]*[?&;]from-search=[^"]*)"', page))
    return [re.sub(r"[?&]from-search=[^#]*", "", link) for link in links]


def faq_entry(
    question: str = "How do I silence the alarm?",
    *,
    audience: str = Audience.PUBLIC,
    live: bool = True,
    **fields: Any,
) -> FaqPage:
    category = (
        fields.pop("category", None)
        or FaqCategory.objects.get_or_create(
            code="general", defaults={"name": "General", "name_zh": "常见问题"}
        )[0]
    )
    entry = FaqPage(
        title=question,
        slug=fields.pop("slug", f"entry-{next(_next)}"),
        answer=fields.pop("answer", "Press **Mute**."),
        category=category,
        audience=audience,
        live=False,
        **fields,
    )
    FaqIndexPage.objects.get().add_child(instance=entry)
    revision = entry.save_revision()
    if live:
        revision.publish()
    return FaqPage.objects.get(pk=entry.pk)
