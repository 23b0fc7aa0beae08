from django.urls import path

from review.views import delegations, duties, inbox, marks, reading, releases, watches

app_name = "review"
urlpatterns = [
    path("inbox/", inbox.inbox, name="inbox"),
    path("inbox/read/", inbox.read_notices, name="read_notices"),
    path("delegations/", delegations.delegations, name="delegations"),
    path("delegations/<int:pk>/end/", delegations.end, name="end_delegation"),
    path("watches/", watches.watches, name="watches"),
    path("watches/<str:kind>/<int:pk>/", watches.watch, name="watch"),
    path("mail/off/<str:token>/", watches.unsubscribe, name="unsubscribe"),
    path("due/", duties.due, name="due"),
    path("age/", duties.age, name="age"),
    path("readers/", reading.readers_report, name="readers"),
    path("readers.csv", reading.readers_csv, name="readers_csv"),
    path("<str:number>/still-correct/", duties.still_correct, name="still_correct"),
    path("<str:number>/read/", reading.read, name="read"),
    path("threads/<int:pk>/", marks.thread, name="thread"),
    path("photos/<int:pk>/", marks.photo, name="photo"),
    path(
        "<str:number>/v/<str:label>/steps/<str:step_id>/images/<str:sha256>/point/", marks.point, name="point"
    ),
    path("threads/<int:pk>/resolve/", marks.resolve, name="resolve"),
    path("edits/<int:pk>/", marks.suggestion, name="suggestion"),
    path("edits/<int:pk>/withdraw/", marks.withdraw, name="withdraw"),
    path("<str:number>/working-copy/", releases.release_page, name="draft"),
    path("<str:number>/v/<str:label>/withdraw/", releases.withdraw, name="withdraw_version"),
    path("<str:number>/v/<str:label>/take-up/", releases.take_up, name="take_up"),
    path("<str:number>/v/<str:label>/comment/", marks.comment, name="comment_whole"),
    path("<str:number>/v/<str:label>/steps/<str:step_id>/comment/", marks.comment, name="comment"),
    path("<str:number>/v/<str:label>/steps/<str:step_id>/edit/", marks.suggest, name="suggest"),
]
