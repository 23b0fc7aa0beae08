"""Addresses of the search."""

from django.urls import path

from search import views

app_name = "search"
urlpatterns = [
    path("", views.results, name="results"),
    path("my-model/", views.choose_model, name="my_model"),
    path("suggest/", views.suggestions, name="suggest"),
]
