"""Sign-in, the profile, the password and the language of the interface."""

from dataclasses import dataclass
from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import LoginView, LogoutView, PasswordChangeView
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse, reverse_lazy
from django.utils.encoding import iri_to_uri
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import override

from kb import typed
from kb.accounts.forms import MyMachinesForm, ProfileForm, offered_machines
from kb.accounts.models import User
from kb.limits import ADDRESS_BYTES
from procedures.access import may_read_internal
from procedures.models import Machine
from procedures.views.post_only import post_only


class SignIn(LoginView):
    template_name = "accounts/login.html"
    redirect_authenticated_user = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Whoever the CMS sent here although signed in has no right to it: say so, do not send them back."""
        user = request.user
        wants_admin = request.GET.get("next", "").startswith(reverse("wagtailadmin_home"))
        if wants_admin and user.is_authenticated and not user.has_perm("wagtailadmin.access_admin"):
            raise PermissionDenied(_("Your role does not include the editing desk."))
        return super().dispatch(request, *args, **kwargs)

    def get_success_url(self) -> str:
        url = super().get_success_url()
        # Back to the sign-in page would go round for ever.
        return self.get_default_redirect_url() if url.startswith(reverse("accounts:login")) else url


class SignOut(LogoutView):
    http_method_names = ["get", "head", "post"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """An address typed or followed signs nobody out."""
        return redirect("home")


class PasswordChange(PasswordChangeView):
    template_name = "accounts/password_change.html"
    success_url = reverse_lazy("accounts:password_change_done")


@login_required
def password_change_done(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/password_change_done.html")


@dataclass(frozen=True)
class ProfilePage:
    form: ProfileForm
    machines_form: MyMachinesForm
    chooses_machines: bool
    words: str
    mine: list[Machine]
    others: list[Machine]
    has_more: bool


@login_required
def profile(request: HttpRequest) -> HttpResponse:
    """Name, e-mail and language in one form; for service staff, their machines in another."""
    # A copy: an invalid form writes into its instance, and the page's header shows the person as stored.
    user = User.objects.get(pk=cast(User, request.user).pk)
    chooses_machines = may_read_internal(user)
    form, machines_form = ProfileForm(instance=user), MyMachinesForm()
    if request.method == "POST" and request.POST.get("save") == "machines" and chooses_machines:
        machines_form = MyMachinesForm(request.POST)
        if machines_form.is_valid():
            user.machines.set(machines_form.cleaned_data["machines"])
            messages.success(request, _("Your machines are saved."))
            return redirect("accounts:profile")
    elif request.method == "POST":
        form = ProfileForm(request.POST, instance=user)
        if form.is_valid():
            form.save()
            with override(user.language or request.LANGUAGE_CODE):
                messages.success(request, _("Your profile is saved."))
            response = redirect("accounts:profile")
            remember_language(response, user.language)
            return response
    words = request.GET.get("machine", "").strip()[:200]
    mine, others, has_more = offered_machines(user, words) if chooses_machines else ([], [], False)
    page = ProfilePage(form, machines_form, chooses_machines, words, mine, others, has_more)
    return render(request, "accounts/profile.html", vars(page))


def remember_language(response: HttpResponse, language: str) -> None:
    """Let this browser show the language from now on; empty: as the browser asks."""
    if not language:
        response.delete_cookie(settings.LANGUAGE_COOKIE_NAME, samesite="Lax")
        return
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=365 * 24 * 3600,
        httponly=True,
        samesite="Lax",
        secure=settings.HTTPS,
    )


def _local_path(asked: str) -> str:
    """An address on this site, without its host, that the site would answer; the home page's for any other."""
    path = asked.partition("?")[0]
    is_ours = path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None)
    return asked if is_ours and len(asked) <= ADDRESS_BYTES else reverse("home")


@post_only("home")
def language(request: HttpRequest) -> HttpResponse:
    """Switch the interface's language, here and in the account; an unknown language changes nothing.

    The text of a form that was refused comes back on a page of its own.
    """
    page = _local_path(request.POST.get("next", ""))
    chosen = request.POST.get("language", "")
    known = chosen in dict(settings.LANGUAGES)
    # Not Django's redirect: it refuses a search for a pasted ticket, which the site itself takes.
    response = HttpResponse(status=302, headers={"Location": iri_to_uri(page)})
    if (held := typed.taken_along(request)) is not None:
        # A form was refused on that page: nobody's text goes with the language, and nothing is sent by it.
        send_as = request.user if typed.is_anothers(held.whose, request.user) else None
        context = {"typed": held, "whose": held.whose, "action": page, "send_as": send_as, "here": page}
        context["carried"] = request.POST["carried"]
        with override(chosen if known else request.LANGUAGE_CODE):
            response = render(request, "accounts/language_kept.html", context)
    if known:
        remember_language(response, chosen)
        if request.user.is_authenticated:
            User.objects.filter(pk=request.user.pk).update(language=chosen)
    return response
