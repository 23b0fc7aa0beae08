from django.urls import path

from review import views

app_name = "review"
urlpatterns = [
    path("inbox/", views.inbox, name="inbox"),
    path("threads/<int:pk>/", views.thread, name="thread"),
    path("threads/<int:pk>/resolve/", views.resolve, name="resolve"),
    path("edits/<int:pk>/", views.suggestion, name="suggestion"),
    path("edits/<int:pk>/withdraw/", views.withdraw, name="withdraw"),
    path("<str:number>/working-copy/", views.draft, name="draft"),
    path("<str:number>/v/<str:label>/comment/", views.comment, name="comment_whole"),
    path("<str:number>/v/<str:label>/steps/<str:step_id>/comment/", views.comment, name="comment"),
    path("<str:number>/v/<str:label>/steps/<str:step_id>/edit/", views.suggest, name="suggest"),
]
