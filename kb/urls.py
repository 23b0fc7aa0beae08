"""All addresses of the site. Wagtail's catch-all comes last; its pages redirect to these views."""

from django.urls import include, path
from django.views.generic import RedirectView
from wagtail import urls as wagtail_urls
from wagtail.admin import urls as wagtailadmin_urls

from kb import views

urlpatterns = [
    path("", views.home, name="home"),
    path("accounts/", include("kb.accounts.urls")),
    path("", include("procedures.urls")),
    path("review/", include("review.urls")),
    path("api/search/", include("search.api_urls")),
    path("api/", include("review.api.urls")),
    path("tickets/", include("kb.tickets.urls")),
    path("search/", include("search.urls")),
    path("robots.txt", views.robots, name="robots"),
    path("favicon.ico", views.favicon, name="favicon"),
    path("favicon.svg", views.favicon),
    path("manifest.webmanifest", views.manifest, name="manifest"),
    # Wagtail's lists of documents ask for this name, and answer nothing without it.
    path("media/documents/<int:pk>/<str:filename>/", views.document, name="wagtaildocs_serve"),
    path("media/<path:name>", views.media, name="media"),
    path("admin/login/", RedirectView.as_view(pattern_name="accounts:login", query_string=True)),
    path("admin/", include(wagtailadmin_urls)),
    path("", include(wagtail_urls)),
]

# A page that is missing or refused is a page of the site; a fault answers without a database.
handler400 = "kb.views.bad_request"
handler403 = "kb.views.forbidden"
handler404 = "kb.views.not_found"
handler500 = "kb.views.server_error"
