"""The addresses of the API, below /api/."""

from django.urls import path

from review.api import views

app_name = "api"
urlpatterns = [
    path("procedures/<str:number>/marks/", views.marks, name="marks"),
    path("procedures/<str:number>/v/<str:label>/threads/", views.comment, name="comment"),
    path("procedures/<str:number>/v/<str:label>/proposals/", views.propose, name="propose"),
    path("threads/<int:pk>/comments/", views.reply, name="reply"),
    path("proposals/<int:pk>/", views.proposal, name="proposal"),
    path("proposals/<int:pk>/comments/", views.comment_on, name="comment_on"),
    path("proposals/<int:pk>/votes/", views.vote, name="vote"),
    path("edits/<int:pk>/decision/", views.decide, name="decide"),
]
