from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReviewConfig(AppConfig):
    name = "review"
    verbose_name = _("Review")

    def ready(self) -> None:
        from django.db.models.signals import post_save, pre_delete
        from wagtail import signals
        from wagtail.models import Task

        from procedures import authorship, editor_panel, extensions, underway
        from review import carrying, contributions, delegating, editor_marks, reviewing, sealing, stopping
        from review.models import Delegation, Release, ReviewTask

        extensions.register(contributions.duties)
        extensions.register(contributions.marks)
        extensions.register_stopper(on_hold=stopping.on_hold, stop=stopping.stop)
        extensions.register_paper_note(stopping.on_paper)
        extensions.register_button(contributions.watch_button)
        extensions.register_paper_note(contributions.overdue_on_paper)
        editor_panel.register(editor_marks.note)
        authorship.register_proposers(carrying.proposers)
        authorship.register_wordings(carrying.wordings)
        extensions.register_credits(contributions.credits)
        underway.register(Release.objects.in_review)
        signals.workflow_cancelled.connect(reviewing.workflow_cancelled)
        post_save.connect(reviewing.task_disabled, sender=Task)
        post_save.connect(reviewing.task_disabled, sender=ReviewTask)
        pre_delete.connect(delegating.keep_begun, sender=Delegation)
        sealing.register()
