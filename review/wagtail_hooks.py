"""Reviews in the editing desk: what waits, the plans, who stands in for whom."""

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.action_menu import ActionMenuItem
from wagtail.admin.menu import MenuItem
from wagtail.admin.ui.tables import Column
from wagtail.snippets.models import register_snippet
from wagtail.snippets.views.snippets import SnippetViewSet, SnippetViewSetGroup

from procedures.keys import row_key
from procedures.models import ProcedurePage
from procedures.views.post_only import post_only
from review import queries, rules
from review.mailing.again import send_again
from review.models import (
    STUCK,
    UNSENT,
    Delegation,
    Mail,
    MailState,
    ReadingRule,
    Release,
    ReviewPlan,
    ServiceLevel,
)
from review.staffing import why_unusable
from review.views import queue
from review.views.access import staff_only
from review.views.releases import release_page

MAILS_SHOWN = 100


class ReviewPlanViewSet(SnippetViewSet):
    model = ReviewPlan
    icon = "list-ol"
    add_to_reference_index = False
    search_backend_name = None
    list_display = [
        "workflow",
        "product_line",
        "page",
        "significance",
        Column(
            "submitted_by",
            label=_("submitted by a member of"),
            accessor=lambda plan: gettext(plan.submitted_by.name) if plan.submitted_by else "",
        ),
        Column("usable", label=_("Can be used"), accessor=lambda plan: _usable(plan)),
    ]


def _usable(plan: ReviewPlan) -> str:
    return why_unusable(plan.workflow) or gettext("Yes")


@hooks.register("after_create_snippet")
@hooks.register("after_edit_snippet")
def warn_of_an_unusable_plan(request: HttpRequest, record: models.Model) -> None:
    """Its teams may fill up later, so it is saved; whoever saves it knows."""
    if isinstance(record, ReviewPlan) and (why := why_unusable(record.workflow)):
        messages.warning(request, why)


class DelegationViewSet(SnippetViewSet):
    model = Delegation
    icon = "user"
    add_to_reference_index = False
    search_backend_name = None
    list_display = ["delegator", "delegate", "starts_on", "ends_on"]


@hooks.register("before_delete_snippet")
def keep_delegations(request: HttpRequest, records: Iterable[models.Model]) -> HttpResponse | None:
    """For one record or a selection: back to the list, with the reasons."""
    kept = [
        (record, why) for record in records if isinstance(record, Delegation) and (why := record.why_kept)
    ]
    for record, why in kept:
        messages.error(request, f"{record}: {why}")
    return redirect(_delegation_list()) if kept else None


@hooks.register("before_edit_snippet")
def show_no_delegation_that_is_over(request: HttpRequest, record: models.Model) -> HttpResponse | None:
    """What was filled in before it was over is refused in the form, where it stays typed."""
    if request.method == "POST" or not isinstance(record, Delegation) or not record.is_over:
        return None
    messages.error(
        request, gettext("This delegation is over and cannot be changed; record a new one instead.")
    )
    return redirect(_delegation_list())


def _delegation_list() -> str:
    name: str = Delegation.snippet_viewset.get_url_name("list")  # type: ignore[attr-defined]  # set on registering
    return name


class ReadingRuleViewSet(SnippetViewSet):
    model = ReadingRule
    icon = "view"
    add_to_reference_index = False
    search_backend_name = None
    list_display = ["__str__", "days"]


class ServiceLevelViewSet(SnippetViewSet):
    model = ServiceLevel
    icon = "time"
    add_to_reference_index = False
    search_backend_name = None
    list_display = ["__str__", "first_answer_days", "decision_days"]


class ReviewSettings(SnippetViewSetGroup):
    menu_label = _("Review plans")
    menu_icon = "list-ol"
    menu_order = 260
    items = (ReviewPlanViewSet, DelegationViewSet, ReadingRuleViewSet, ServiceLevelViewSet)


register_snippet(ReviewSettings)


@staff_only
def desk_releases(request: HttpRequest) -> HttpResponse:
    """What waits for me, and everything that is in review."""
    context = {
        "stages": queries.stages_for(request.user),
        "in_review": Release.objects.in_review().select_related("page", "submitted_by").defer("content"),
        "now": timezone.now(),
    }
    return render(request, "review/desk_releases.html", context)


def desk_release(request: HttpRequest, number: str) -> HttpResponse:
    return release_page(request, number, template="review/desk_release.html", name="desk_release")


@staff_only
def desk_mails(request: HttpRequest) -> HttpResponse:
    """The mails that did not leave, the newest first, and how many did."""
    rules.check_mails(user=request.user)
    mails = Mail.objects.select_related("recipient", "page", "again_by").defer("page__steps")
    context = {
        "stuck": mails.filter(state__in=STUCK).prefetch_related("notices")[:MAILS_SHOWN],
        "failed": mails.filter(state=MailState.FAILED).count(),
        "waiting": mails.filter(state__in=[*UNSENT, MailState.SENDING]).order_by("due_at")[:MAILS_SHOWN],
        "sent": mails.filter(state=MailState.SENT).count(),
    }
    return render(request, "review/desk_mails.html", context)


@post_only("desk_mails")
@staff_only
def desk_mails_again(request: HttpRequest) -> HttpResponse:
    """One that was given up, or all of them, is sent again."""
    wanted = request.POST.get("mail", "")
    pk = None if wanted == "all" else row_key(wanted) or 0
    count = send_again(by=request.user, at=timezone.now(), pk=pk)
    if count:
        said = ngettext(
            "%(count)d mail is sent again when the schedule next runs.",
            "%(count)d mails are sent again when the schedule next runs.",
            count,
        )
        messages.success(request, said % {"count": count})
    else:
        messages.info(request, gettext("Nothing to send again: somebody else asked for it already."))
    return redirect("desk_mails")


def desk_marks(request: HttpRequest) -> HttpResponse:
    return queue.marks(request, template="review/desk_queue.html")


@hooks.register("register_admin_urls")
def desk_addresses() -> list[URLPattern]:
    return [
        path("marks/", desk_marks, name="desk_marks"),
        path("mails/", desk_mails, name="desk_mails"),
        path("mails/again/", desk_mails_again, name="desk_mails_again"),
        path("releases/", desk_releases, name="desk_releases"),
        path("releases/<str:number>/", desk_release, name="desk_release"),
    ]


class ReviewsMenuItem(MenuItem):
    def is_shown(self, request: HttpRequest) -> bool:
        return request.user.has_perm("review.submit_release")


@hooks.register("register_admin_menu_item")
def desk_menu() -> MenuItem:
    return ReviewsMenuItem(_("Releases"), reverse("desk_releases"), icon_name="check", order=250)


class MarksMenuItem(MenuItem):
    def is_shown(self, request: HttpRequest) -> bool:
        return request.user.has_perm("review.decide_suggestion")


@hooks.register("register_admin_menu_item")
def marks_menu() -> MenuItem:
    return MarksMenuItem(_("Open marks"), reverse("desk_marks"), icon_name="comment", order=245)


class MailsMenuItem(MenuItem):
    def is_shown(self, request: HttpRequest) -> bool:
        return rules.can_see_mails(user=request.user)


@hooks.register("register_reports_menu_item")
def mails_menu() -> MenuItem:
    return MailsMenuItem(_("Mails"), reverse("desk_mails"), icon_name="mail", order=900)


class FiguresMenuItem(MenuItem):
    def is_shown(self, request: HttpRequest) -> bool:
        return request.user.has_perm("review.decide_suggestion")


@hooks.register("register_reports_menu_item")
def figures_menu() -> MenuItem:
    return FiguresMenuItem(
        _("Figures of the loop"), reverse("review:figures"), icon_name="history", order=890
    )


class SearchesMenuItem(MenuItem):
    def is_shown(self, request: HttpRequest) -> bool:
        return request.user.has_perm("search.view_search_reports")


@hooks.register("register_reports_menu_item")
def searches_menu() -> MenuItem:
    return SearchesMenuItem(
        _("What people search for"), reverse("review:searches"), icon_name="search", order=895
    )


class ReleaseAction(ActionMenuItem):
    """From the editor to the page where the working copy is submitted and signed."""

    label = _("Submit and sign…")
    name = "redline-release"
    icon_name = "check"

    def is_shown(self, context: dict[str, Any]) -> bool:
        return context["view"] == "edit" and isinstance(context["page"], ProcedurePage)

    def get_url(self, parent_context: dict[str, Any]) -> str:
        return reverse("desk_release", args=[parent_context["page"].number])


@hooks.register("register_page_action_menu_item")
def release_action() -> ActionMenuItem:
    return ReleaseAction(order=90)


@hooks.register("insert_editor_css")
def editor_css() -> str:
    return format_html('<link rel="stylesheet" href="{}">', static("css/desk.css"))


@hooks.register("insert_editor_js")
def editor_js() -> str:
    return format_html('<script src="{}" defer></script>', static("js/desk-marks.js"))
