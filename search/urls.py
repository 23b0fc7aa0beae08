"""Addresses of the search."""

from django.urls import path

from search import views
from search.log.views import opened

app_name = "search"
urlpatterns = [
    path("", views.results, name="results"),
    path("open/", opened, name="open"),
    path("suggest/", views.suggestions, name="suggest"),
]
