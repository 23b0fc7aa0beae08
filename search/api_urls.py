"""Addresses of the search's API, below /api/search/."""

from django.urls import path

from search import api

app_name = "search_api"
urlpatterns = [
    path("", api.search, name="search"),
    path("suggestions/", api.suggestions, name="suggestions"),
]
