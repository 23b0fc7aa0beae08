"""The addresses of the API, below /api/."""

from django.urls import path

from review.api import views

app_name = "api"
urlpatterns = [
    path("procedures/<str:number>/marks/", views.marks, name="marks"),
    path("procedures/<str:number>/v/<str:label>/threads/", views.comment, name="comment"),
    path("procedures/<str:number>/v/<str:label>/proposals/", views.propose, name="propose"),
    path("threads/<key:pk>/comments/", views.reply, name="reply"),
    path("proposals/<key:pk>/", views.proposal, name="proposal"),
    path("proposals/<key:pk>/comments/", views.comment_on, name="comment_on"),
    path("proposals/<key:pk>/votes/", views.vote, name="vote"),
    path("edits/<key:pk>/decision/", views.decide, name="decide"),
]
