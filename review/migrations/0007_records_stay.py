"""The database itself keeps what reviews put on record: nothing of it is deleted, what was said or signed stands."""

from django.db import migrations, models

from procedures.migrations._triggers import Refusal

_SUBMITTED = (
    "page_id", "revision_id", "sha256", "content", "significance", "change_summary", "effective_from",
    "workflow_state_id", "submitted_by_id", "submitted_at",
)  # fmt: skip
_SIGNED = (
    "release_id", "stage_id", "signatory_id", "on_behalf_of_id", "name", "signed_at", "meaning", "comment", "sha256",
)  # fmt: skip
_KEPT = ("release", "stage", "signature", "remark", "confirmation", "acknowledgement")

REFUSALS = (
    *(
        Refusal(f"{name}_is_immutable_delete", f"review_{name}", "delete", f"a {name} is kept")
        for name in _KEPT
    ),
    Refusal(
        "release_is_immutable_update", "review_release", "update", "what was submitted cannot be changed",
        frozen=_SUBMITTED,
    ),
    Refusal(
        "signature_is_immutable_update", "review_signature", "update", "a signature is voided, never changed",
        frozen=_SIGNED, once=("voided_at",),
    ),
    Refusal("remark_is_immutable_update", "review_remark", "update", "a remark cannot be changed"),
    Refusal(
        "confirmation_is_immutable_update", "review_confirmation", "update", "a confirmation cannot be changed"
    ),
    Refusal(
        "acknowledgement_is_immutable_update", "review_acknowledgement", "update",
        "an acknowledgement cannot be changed",
        frozen=("version_id", "person_id", "asked_at"), once=("acknowledged_at", "overtaken_at"),
    ),
)  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("review", "0006_one_signature_a_release"), ("procedures", "0010_numbers_and_links")]
    operations = [
        migrations.AlterField(
            model_name="notice",
            name="kind",
            field=models.CharField(
                choices=[
                    ("asked", "Your signature is asked for"),
                    ("consulted", "Your opinion is asked for"),
                    ("reminded", "Your signature is due"),
                    ("escalated", "An overdue stage was passed on to you"),
                    ("voided", "Your signature is void: the release did not go on as you signed it"),
                    ("sent_back", "Your release was sent back"),
                    ("released", "Your release is in force"),
                    ("blocked", "Your release cannot go into force"),
                    ("failed", "What was due on a procedure could not be done"),
                    ("scheduled", "Your release is approved and goes into force later"),
                    ("review_due", "A procedure is due for review soon"),
                    ("review_late", "A procedure is overdue for review; readers are told"),
                    ("read_due", "What you were asked to read is due"),
                    ("read_late", "What you were asked to read is overdue"),
                ],
                max_length=12,
            ),
        ),
        *(migrations.RunPython(refusal.install, refusal.remove) for refusal in REFUSALS),
    ]
