"""A working copy on its way to a version: what changes, who signs, and every button of that way."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from procedures.authorship import base_version
from procedures.compare import compare, describe_applicability
from procedures.content import canonical_content, content_hash
from procedures.keys import row_key
from procedures.models import Audience, Kind, ProcedurePage, ProcedureVersion, Significance, VersionStatus
from procedures.rules import NotAllowed
from procedures.views.post_only import post_only
from procedures.views.version import find_version, render_working_copy
from review import landing, queries, release_rules, releasing, rules, taking_up
from review.carrying import is_carried
from review.effects import Outlook, effects_of
from review.eligibility import asked, may_sign_for
from review.forms import DecisionForm, RemarkForm, SendBackForm, SignForm, SubmitForm, WithdrawForm
from review.models import Release, Stage, StageKind, Suggestion
from review.models.plans import stages_of
from review.views.access import leads_on, page_of, staff_only


@staff_only
def release_page(
    request: HttpRequest, number: str, template: str = "review/draft.html", name: str = "review:draft"
) -> HttpResponse:
    """The working copy, or what is in review of it, against the version in force; with all that is done to it.

    The editing desk shows the same under its own `template` and address (`name`).
    """
    page = page_of(number)
    if (present := leads_on(request, name, number, page.number)) is not None:
        return present
    release = queries.release_in_review(page)
    forms = _Forms(request, page, release)
    if request.method == "POST" and forms.done():
        page.refresh_from_db(fields=["number"])  # the last signature may have given it another one
        return redirect(name, page.number)
    draft = landing.working_copy(page)
    working = canonical_content(draft)
    content = release.content if release else working
    base = base_version(page.pk)
    scheduled = releasing.scheduled(page)
    landed = list(queries.for_list(Suggestion.objects.on_page(page.pk).unreleased()))
    user: Any = request.user
    stages = [_stage(stage, user, forms) for stage in queries.stages_of(release)] if release else []
    submit_refusal = rules.why_not(release_rules.check_submit, user=user, page=page)
    may_send_back = release is not None and release_rules.can_send_back(user=user, release=release)
    shown = [row.get("sign_form") or row.get("remark_form") for row in stages]
    shown += [forms.submit] * (not submit_refusal) + [forms.send_back] * may_send_back
    context = {
        "page": page,
        "content": content,
        "base": base,
        "reading": _reading(content),
        "comparison": compare(base.content, content) if base else None,
        "release": release,
        "stages": stages,
        "moved_on": release is not None and content_hash(working) != release.sha256,
        "effects": effects_of(Outlook(page, base, content, release, user)),
        "landed": [found for found in landed if is_carried(found, content)],
        "taken_back": [found for found in landed if not is_carried(found, content)],
        "sent_back": queries.sent_back(page),
        "scheduled": scheduled,
        "blocked": releasing.blocked_by(scheduled, timezone.now()) if scheduled else "",
        "hold": page.holds.open().first(),
        "undecided": Suggestion.objects.on_page(page.pk).waiting().count(),
        "forms": forms,
        "plans": _plans(draft, user) if release is None else [],
        "submit_refusal": submit_refusal,
        "may_send_back": may_send_back,
        # It was refused, by who was faster or for good, and the form that was sent has no place on the page any more.
        "late": forms.bound if forms.bound is not None and forms.bound not in shown else None,
        "may_take_back": release is not None and release_rules.can_take_back(user=user, release=release),
        "may_edit": page.permissions_for_user(user).can_edit(),
        "now": timezone.now(),
    }
    return render(request, template, context)


def _reading(content: dict[str, Any]) -> dict[str, Any]:
    """What the field will read, as templates/review/_reading.html shows it."""
    steps, safety = render_working_copy(content)
    return {
        "steps": steps,
        "safety": safety,
        "facts": [
            (_("Kind"), Kind(content["kind"]).label),
            (_("Audience"), Audience(content["audience"]).label),
            (_("Applies to"), "; ".join(describe_applicability(row) for row in content["applies_to"])),
            (_("Error codes"), ", ".join(code["code"] for code in content["error_codes"])),
            (_("Tools"), ", ".join(content["tools"])),
            (_("Parts"), ", ".join(content["parts"])),
            (_("Skills"), ", ".join(content["skills"])),
        ],
    }


class _Forms:
    """The forms of the page; the one that was sent is bound, and keeps what was typed where it was refused."""

    def __init__(self, request: HttpRequest, page: ProcedurePage, release: Release | None) -> None:
        self.request, self.page, self.release = request, page, release
        self.sent = request.POST.get("do", "") if request.method == "POST" else ""
        ended = queries.ended_last(page)
        said = {"change_summary": ended.change_summary, "significance": ended.significance} if ended else None
        self.submit = SubmitForm(self._data("submit"), initial=said)
        self.send_back = SendBackForm(self._data("send_back"))
        self.sign: SignForm | None = None
        self.remark: RemarkForm | None = None

    @property
    def bound(self) -> DecisionForm | None:
        """The form that was sent; None for a bare button."""
        return {
            "submit": self.submit,
            "send_back": self.send_back,
            "sign": self.sign,
            "remark": self.remark,
        }.get(self.sent)

    def _data(self, what: str) -> Any:
        return self.request.POST if self.sent == what else None

    def done(self) -> bool:
        """Do what was asked; False where it was refused, and the form says why."""
        do: Callable[[], str | None] | None = {
            "submit": self._submit,
            "sign": self._sign,
            "remark": self._remark,
            "send_back": self._send_back,
            "take_back": self._take_back,
            "replace": self._replace,
        }.get(self.sent)
        if do is None:
            return True  # an unknown button: show the page anew
        try:
            said = do()
        except NotAllowed as refused:
            if self.bound is None:
                messages.error(self.request, refused.reason)
                return True
            self.bound.add_error(None, refused.reason)
            return False
        if said is None:
            return False
        messages.success(self.request, said)
        return True

    def _submit(self) -> str | None:
        if not self.submit.is_valid():
            return None
        releasing.submit_for_release(page=self.page, by=self.request.user, **self.submit.cleaned_data)
        return _("Submitted. Others sign it now.")

    def _stage(self) -> Stage:
        return get_object_or_404(
            Stage.objects.select_related("release__page"),
            pk=row_key(self.request.POST.get("stage", "")) or 0,
            release__page=self.page,
        )

    def _sign(self) -> str | None:
        stage = self._stage()
        self.sign = SignForm(self.request.POST, people=may_sign_for(self.request.user, stage) or [None])
        if not self.sign.is_valid():
            return None
        data = self.sign.cleaned_data
        releasing.sign(
            stage=stage,
            by=self.request.user,
            password=data["password"],
            seen_sha256=data["sha256"],
            comment=data["comment"],
            on_behalf_of=self.sign.represented(),
        )
        release = Release.objects.select_related("version").get(pk=stage.release_id)
        if release.version is None:
            return _("Your signature is recorded.")
        if release.version.is_effective:
            return _("Version %(label)s is in force.") % {"label": release.version.label}
        return _("Version %(label)s is approved; it goes into force on its day.") % {
            "label": release.version.label
        }

    def _remark(self) -> str | None:
        self.remark = RemarkForm(self.request.POST)
        if not self.remark.is_valid():
            return None
        releasing.remark(stage=self._stage(), by=self.request.user, text=self.remark.cleaned_data["text"])
        return _("Your comment is recorded.")

    def _send_back(self) -> str | None:
        if not self.send_back.is_valid():
            return None
        releasing.send_back(
            release=self._release(), by=self.request.user, reason=self.send_back.cleaned_data["reason"]
        )
        return _("Sent back.")

    def _take_back(self) -> str:
        releasing.take_back(release=self._release(), by=self.request.user)
        return _("Taken back. It is a draft again.")

    def _replace(self) -> str:
        releasing.replace(release=self._release(), by=self.request.user)
        return _("The newer text is in review now; whoever had signed was told.")

    def _release(self) -> Release:
        if self.release is None:
            raise NotAllowed(_("No release of this procedure is waiting for approval."))
        return self.release


def _stage(stage: Stage, user: Any, forms: _Forms) -> dict[str, Any]:
    """One stage as the page shows it, with the form that this person may fill in."""
    row: dict[str, Any] = {
        "stage": stage,
        "asked": asked(stage) if stage.is_open else [],
        "signed": [signature for signature in stage.signatures.all() if signature.voided_at is None],
    }
    if not stage.is_open:
        return row
    sent_here = forms.request.POST.get("stage") == str(stage.pk)
    if stage.kind == StageKind.CONSULT:
        if release_rules.can_remark(user=user, stage=stage):
            fresh_remark = RemarkForm(initial={"stage": stage.pk}, auto_id=f"stage-{stage.pk}-%s")
            row["remark_form"] = (sent_here and forms.remark) or fresh_remark
        return row
    people = may_sign_for(user, stage)
    allowed = [
        person
        for person in people
        if not rules.why_not(release_rules.check_sign, user=user, stage=stage, on_behalf_of=person)
    ]
    if allowed:
        row["in_place_of"] = allowed[0] if len(allowed) == 1 else None
        fresh = SignForm(
            people=allowed,
            initial={"sha256": stage.release.sha256, "stage": stage.pk},
            auto_id=f"stage-{stage.pk}-%s",
        )
        row["sign_form"] = (sent_here and forms.sign) or fresh
    elif people:
        row["refusal"] = rules.why_not(
            release_rules.check_sign, user=user, stage=stage, on_behalf_of=people[0]
        )
    return row


def _plans(page: ProcedurePage, user: Any) -> list[tuple[str, str]]:
    """(significance, the plan's stages) for each significance: what a submission would start."""
    plans = []
    for significance in Significance:
        try:
            stages = stages_of(releasing.plan_for(page, significance, user))
        except NotAllowed as missing:
            plans.append((str(significance.label), missing.reason))
        else:
            plans.append((str(significance.label), " → ".join(task.name for task in stages)))
    return plans


@staff_only
def withdraw(request: HttpRequest, number: str, label: str) -> HttpResponse:
    """Take a version out of force, or call off one whose day has not come: why, and what to use instead."""
    version: ProcedureVersion = find_version(request, number, label)
    form = WithdrawForm(request.POST or None)
    refusal = rules.why_not(release_rules.check_withdraw_version, user=request.user, version=version)
    if request.method == "POST" and not refusal and form.is_valid():
        try:
            releasing.withdraw(version=version, by=request.user, **form.cleaned_data)
        except NotAllowed as refused:
            form.add_error(None, refused.reason)
        else:
            waited = version.status == VersionStatus.APPROVED
            messages.success(request, _("Called off.") if waited else _("Withdrawn."))
            return redirect(version)
    return render(request, "review/withdraw.html", {"version": version, "form": form, "refusal": refusal})


@post_only("procedures:history", "number")
@staff_only
def take_up(request: HttpRequest, number: str, label: str) -> HttpResponse:
    """Make an earlier version the working copy again; what that would replace is shown first."""
    version: ProcedureVersion = find_version(request, number, label)
    seen = request.POST.get("replacing", "")
    try:
        taking_up.take_up(version=version, by=request.user, replacing=seen)
    except taking_up.WouldReplace as found:
        lost = found.unreleased
        context = {
            "version": version,
            "page": version.page,
            "base": lost.base,
            "lost": lost,
            "comparison": compare(lost.base.content, lost.content) if lost.base else None,
            "reading": _reading(dict(lost.content)),
            "changed_meanwhile": bool(seen),
            "may_edit": version.page.permissions_for_user(request.user).can_edit(),
        }
        return render(request, "review/take_up.html", context)
    except NotAllowed as refused:
        messages.error(request, refused.reason)
        return redirect("procedures:history", number)
    messages.success(
        request, _("The text of version %(label)s is the working copy now.") % {"label": version.label}
    )
    return redirect("review:draft", version.page.number)
