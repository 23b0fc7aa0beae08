"""Addresses of tickets, below /tickets/."""

from django.urls import path

from kb.tickets import views

app_name = "tickets"

urlpatterns = [
    path("", views.ticket_list, name="list"),
    path("new/", views.create, name="create"),
    path("for-procedure/<str:number>/", views.for_procedure, name="for_procedure"),
    path("<str:number>/", views.detail, name="detail"),
    path("<str:number>/edit/", views.edit, name="edit"),
    path("<str:number>/entries/", views.add_entry, name="add_entry"),
    path("<str:number>/procedures/", views.attach, name="attach"),
]
