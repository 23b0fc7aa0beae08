"""The database itself keeps what a review asks: who may not sign, whom each stage asks and how many of them."""

from django.db import migrations

from procedures.migrations._triggers import Refusal

_PLANNED = (
    "release_id", "task_id", "position", "batch", "name", "kind", "meaning", "needed", "days", "escalate_to_id",
)  # fmt: skip
# A submission fills everything before its first stage opens; whatever comes later is no part of it.
_STAGE_IS_UNDER_WAY = (
    "EXISTS (SELECT 1 FROM review_stage one JOIN review_stage other ON other.release_id = one.release_id "
    "WHERE one.id = NEW.stage_id AND other.opened_at IS NOT NULL)"
)
_RELEASE_IS_UNDER_WAY = (
    "EXISTS (SELECT 1 FROM review_stage one WHERE one.release_id = NEW.release_id AND one.opened_at IS NOT NULL)"
)
_LISTS = {
    "release_editors": ("whose words a release holds cannot be changed", _RELEASE_IS_UNDER_WAY),
    "stage_people": ("whom a stage asks cannot be changed", _STAGE_IS_UNDER_WAY),
    "stage_groups": ("whom a stage asks cannot be changed", _STAGE_IS_UNDER_WAY),
}

REFUSALS = (
    *(
        Refusal(f"{name}_is_immutable_{event}", f"review_{name}", event, message)
        for name, (message, _) in _LISTS.items()
        for event in ("update", "delete")
    ),
    *(
        Refusal(f"{name}_is_immutable_insert", f"review_{name}", "insert", message, when=under_way)
        for name, (message, under_way) in _LISTS.items()
    ),
    Refusal(
        "stage_is_immutable_insert", "review_stage", "insert", "a review under way gets no other stages",
        when=_RELEASE_IS_UNDER_WAY,
    ),
    Refusal(
        "stage_is_immutable_update", "review_stage", "update", "what a stage asks cannot be changed",
        frozen=_PLANNED, once=("opened_at", "escalated_at", "completed_at"),
    ),
    Refusal(
        "acknowledgement_is_immutable_due_on", "review_acknowledgement", "update",
        "the day by which to read it cannot be changed", frozen=("due_on",),
    ),
)  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("review", "0008_passages_photos_news")]
    operations = [migrations.RunPython(refusal.install, refusal.remove) for refusal in REFUSALS]
