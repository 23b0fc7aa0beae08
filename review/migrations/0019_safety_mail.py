"""Mail about safety and holds has a preference of its own, which nobody has said no to yet; what happened by itself
is told in the reader's language."""

from django.conf import settings
from django.db import migrations, models


# What stood as the decider's answer, in their language, where an edit was adopted with another one's acceptance.
BY_ITSELF = ("The text says this already.", "文本中已有这些内容。")


def say_nothing_in_anothers_language(apps, schema_editor):
    """The state says the same, in every language."""
    apps.get_model("review", "Suggestion").objects.filter(status="adopted", answer__in=BY_ITSELF).update(answer="")
    notices = apps.get_model("review", "Notice").objects.filter(kind__in=["decided", "settled"], text__in=BY_ITSELF)
    notices.update(text="")


class Migration(migrations.Migration):

    dependencies = [
        ("review", "0018_mails_sent_again"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='mailpreference',
            name='safety',
            field=models.CharField(choices=[('at_once', 'E-mail at once'), ('inbox', 'Inbox only')], default='at_once', help_text='Safety comments that I answer for, and procedures put on hold. No other choice stops these.', max_length=10, verbose_name='safety and holds'),
        ),
        migrations.AlterField(
            model_name='mailpreference',
            name='asked',
            field=models.CharField(choices=[('at_once', 'E-mail at once'), ('daily', 'E-mail once a day'), ('inbox', 'Inbox only')], default='at_once', help_text='Signatures, reviews, reading, comments that name me.', max_length=10, verbose_name='what asks something of me'),
        ),
        migrations.AlterField(
            model_name='notice',
            name='kind',
            field=models.CharField(choices=[('asked', 'Your signature is asked for'), ('consulted', 'Your opinion is asked for'), ('reminded', 'Your signature is due'), ('escalated', 'An overdue stage was passed on to you'), ('voided', 'Your signature is void: the release did not go on as you signed it'), ('sent_back', 'Your release was sent back'), ('released', 'Your release is in force'), ('blocked', 'Your release cannot go into force'), ('failed', 'What was due on a procedure could not be done'), ('scheduled', 'Your release is approved and goes into force later'), ('review_due', 'A procedure is due for review soon'), ('review_late', 'A procedure is overdue for review; readers are told'), ('read_asked', 'You are asked to read a new version'), ('tampered', "A row of a procedure was changed behind its log's back"), ('read_due', 'What you were asked to read is due'), ('read_late', 'What you were asked to read is overdue'), ('mentioned', 'You are named in a comment'), ('answered', 'Your comment was answered'), ('resolved', 'Your comment was resolved'), ('reopened', 'A comment was reopened'), ('asked_again', 'A comment waits for your answer again'), ('decided', 'Your proposed edit was decided on'), ('asked_back', 'A question on your proposed edit'), ('handed_on', 'A proposed edit was handed to you to decide on'), ('passed_on', 'Your proposed edit was handed on: somebody else decides on it'), ('effective', 'Your edit is in force'), ('discussed', 'A comment on a proposed edit'), ('alternative', 'An alternative to your proposed edit'), ('safety', 'A comment is about safety: answer it now, or put the procedure on hold'), ('safety_late', 'A safety comment is overdue for its first answer'), ('on_hold', 'A procedure was put on hold: nobody is to work by it'), ('hold_lifted', 'A hold was lifted: the procedure can be used again'), ('kind_changed', 'The kind of your comment was changed'), ('answer_due', 'A comment or proposed edit is due for its first answer'), ('answer_late', 'A comment or proposed edit is overdue for its first answer'), ('answer_up', 'Nobody has answered a comment or proposed edit for twice its time'), ('decide_due', 'A proposed edit is due for its decision'), ('decide_late', 'A proposed edit is overdue for its decision'), ('decide_up', 'Nobody has decided on a proposed edit for twice its time'), ('commented', 'A new comment'), ('replied', 'An answer to a comment'), ('proposed', 'An edit was proposed'), ('settled', 'A proposed edit was decided on'), ('in_force', 'A new version is in force'), ('withdrawn', 'A version was withdrawn'), ('mail_failed', 'A mail could not be sent')], max_length=12),
        ),
        migrations.AddConstraint(
            model_name='mailpreference',
            constraint=models.CheckConstraint(condition=models.Q(('safety__in', ['at_once', 'inbox'])), name='mail_preference_safety'),
        ),
        migrations.RunPython(say_nothing_in_anothers_language, migrations.RunPython.noop),
    ]
