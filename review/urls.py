from django.urls import path

from review.views import deciding, delegations, duties, holds, inbox, proposals, reading, releases, threads

app_name = "review"
urlpatterns = [
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/read/", inbox.read_notices, name="read_notices"),
    path("delegations/", delegations.delegations, name="delegations"),
    path("delegations/<int:pk>/end/", delegations.end, name="end_delegation"),
    path("due/", duties.due, name="due"),
    path("age/", duties.age, name="age"),
    path("readers/", reading.readers_report, name="readers"),
    path("readers.csv", reading.readers_csv, name="readers_csv"),
    path("<str:number>/still-correct/", duties.still_correct, name="still_correct"),
    path("<str:number>/hold/", holds.hold, name="hold"),
    path("<str:number>/read/", reading.read, name="read"),
    path("threads/<int:pk>/", threads.thread, name="thread"),
    path("photos/<int:pk>/", threads.photo, name="photo"),
    path(
        "<str:number>/v/<str:label>/steps/<str:step_id>/images/<str:sha256>/point/",
        threads.point,
        name="point",
    ),
    path("threads/<int:pk>/resolve/", threads.resolve, name="resolve"),
    path("threads/<int:pk>/kind/", threads.change_kind, name="change_kind"),
    path("edits/<int:pk>/", deciding.suggestion, name="suggestion"),
    path("edits/<int:pk>/withdraw/", proposals.withdraw, name="withdraw"),
    path("edits/<int:pk>/met-too/", proposals.vote, name="vote"),
    path("edits/<int:pk>/comment/", proposals.comment, name="comment_on_edit"),
    path("edits/images/<int:pk>/", proposals.proposed_image, name="proposed_image"),
    path("<str:number>/edits/", deciding.waiting, name="waiting"),
    path("<str:number>/v/<str:label>/edit/", proposals.propose, name="propose"),
    path("<str:number>/working-copy/", releases.release_page, name="draft"),
    path("<str:number>/v/<str:label>/withdraw/", releases.withdraw, name="withdraw_version"),
    path("<str:number>/v/<str:label>/take-up/", releases.take_up, name="take_up"),
    path("<str:number>/v/<str:label>/comment/", threads.comment, name="comment_whole"),
    path("<str:number>/v/<str:label>/steps/<str:step_id>/comment/", threads.comment, name="comment"),
    path("<str:number>/v/<str:label>/steps/<str:step_id>/edit/", proposals.suggest, name="suggest"),
]
