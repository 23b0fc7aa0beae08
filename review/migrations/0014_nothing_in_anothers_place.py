"""No row of a review is put in another's place, and a stage of a plan needs somebody."""

from django.conf import settings
from django.db import migrations, models

from procedures.migrations._triggers import NoReplacement, same

_UNVOIDED = "other.voided_at IS NULL AND NEW.voided_at IS NULL AND "
PLACES = (
    NoReplacement(
        "review_release",
        (
            same("id"), same("workflow_state_id"), same("version_id"),
            "NEW.status = 'in_review' AND " + same("page_id", "status"),
        ),
    ),
    NoReplacement("review_release_editors", (same("id"), same("release_id", "user_id"))),
    NoReplacement("review_stage", (same("id"), same("release_id", "position"), same("release_id", "task_id"))),
    NoReplacement("review_stage_people", (same("id"), same("stage_id", "user_id"))),
    NoReplacement("review_stage_groups", (same("id"), same("stage_id", "group_id"))),
    NoReplacement(
        "review_signature",
        (
            same("id"), _UNVOIDED + same("stage_id", "signatory_id"),
            _UNVOIDED + same("stage_id", "on_behalf_of_id"),
        ),
    ),
    NoReplacement("review_remark", (same("id"),)),
    NoReplacement("review_confirmation", (same("id"),)),
    NoReplacement("review_acknowledgement", (same("id"), same("version_id", "person_id"))),
    NoReplacement(
        "review_hold", (same("id"), "other.lifted_at IS NULL AND NEW.lifted_at IS NULL AND " + same("page_id"))
    ),
)  # fmt: skip


def ask_somebody(apps, schema_editor):
    """A stage that needs nobody would have been complete before it began."""
    apps.get_model("review", "ReviewTask").objects.filter(needed=0).update(needed=1)


class Migration(migrations.Migration):

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('review', '0013_watches_and_mails'),
        ('procedures', '0012_nothing_in_anothers_place'),
        ('wagtailcore', '0098_apitoken'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name='notice',
            name='kind',
            field=models.CharField(choices=[('asked', 'Your signature is asked for'), ('consulted', 'Your opinion is asked for'), ('reminded', 'Your signature is due'), ('escalated', 'An overdue stage was passed on to you'), ('voided', 'Your signature is void: the release did not go on as you signed it'), ('sent_back', 'Your release was sent back'), ('released', 'Your release is in force'), ('blocked', 'Your release cannot go into force'), ('failed', 'What was due on a procedure could not be done'), ('scheduled', 'Your release is approved and goes into force later'), ('review_due', 'A procedure is due for review soon'), ('review_late', 'A procedure is overdue for review; readers are told'), ('read_asked', 'You are asked to read a new version'), ('tampered', "A row of a procedure was changed behind its log's back"), ('read_due', 'What you were asked to read is due'), ('read_late', 'What you were asked to read is overdue'), ('mentioned', 'You are named in a comment'), ('answered', 'Your comment was answered'), ('resolved', 'Your comment was resolved'), ('reopened', 'A comment was reopened'), ('decided', 'Your proposed edit was decided on'), ('asked_back', 'A question on your proposed edit'), ('handed_on', 'A proposed edit was handed to you to decide on'), ('discussed', 'A comment on a proposed edit'), ('alternative', 'An alternative to your proposed edit'), ('safety', 'A comment is about safety: answer it now, or put the procedure on hold'), ('safety_late', 'A safety comment is overdue for its first answer'), ('on_hold', 'A procedure was put on hold: nobody is to work by it'), ('hold_lifted', 'A hold was lifted: the procedure can be used again'), ('kind_changed', 'The kind of your comment was changed'), ('commented', 'A new comment'), ('replied', 'An answer to a comment'), ('proposed', 'An edit was proposed'), ('settled', 'A proposed edit was decided on'), ('in_force', 'A new version is in force'), ('withdrawn', 'A version was withdrawn'), ('mail_failed', 'A mail could not be sent')], max_length=12),
        ),
        migrations.RunPython(ask_somebody, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name='reviewtask',
            constraint=models.CheckConstraint(condition=models.Q(('needed__gte', 1)), name='review_task_needs_somebody'),
        ),
        *(migrations.RunPython(place.install, place.remove) for place in PLACES),
    ]
