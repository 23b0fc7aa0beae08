"""What the API says of marks: plain values for JSON, of rows that were fetched with all that this reads."""

from collections.abc import Mapping, Sequence
from typing import Any

from review.landing import Landing
from review.models import Comment, SuggestedField, Suggestion, Thread

Shown = dict[str, Any]


def person(user: Any) -> Shown | None:
    return user and {"username": user.get_username(), "name": str(user)}


def comments(found: Sequence[Comment]) -> list[Shown]:
    return [
        {
            "id": comment.pk,
            "by": person(comment.author),
            "at": comment.written_at,
            "text": comment.text,
            # Prefetched only where there are some (review.queries.show_photos).
            "photos": [photo.get_absolute_url() for photo in comment.photos.all()]
            if getattr(comment, "has_photos", True)
            else [],
        }
        for comment in found
    ]


def thread(found: Thread) -> Shown:
    """A conversation on the text; review.queries.show_places has told of its place."""
    quote = {
        "type": "TextQuoteSelector", "exact": found.quote, "prefix": found.prefix, "suffix": found.suffix
    }  # fmt: skip
    point = {"image": found.image_sha256, "x": found.image_x, "y": found.image_y}
    return {
        "id": found.pk,
        "url": found.get_absolute_url(),
        "version": found.version.label,
        "step": found.step_id,
        "kind": found.kind,
        "status": found.status,
        "quote": quote if found.quote else None,
        "passage_is_gone": found.passage_is_gone,
        "point": point if found.image_sha256 else None,
        "by": person(found.started_by),
        "at": found.started_at,
        "comments": comments(list(found.comments.all())),
    }


def proposal(
    parts: Sequence[Suggestion], said: Sequence[Comment], votes: int, landings: Mapping[int, Landing]
) -> Shown:
    """All that was sent together; `landings`: what would become of each part that is open."""
    head = parts[0]
    return {
        "id": head.pk,
        "url": head.get_absolute_url(),
        "version": head.version.label,
        "kind": head.kind,
        "reason": head.reason,
        "ticket": head.ticket_reference,
        "by": person(head.author),
        "at": head.submitted_at,
        "instead_of": head.alternative_to_id,
        "votes": votes,
        "edits": [edit(part, landings.get(part.pk)) for part in parts],
        "comments": comments(said),
    }


def edit(part: Suggestion, landing: Landing | None = None) -> Shown:
    shown: Shown = {
        "id": part.pk,
        "action": part.action,
        "step": part.step_id,
        "after": part.after,
        "status": part.status,
        "changes": [
            {
                "field": change.field, "base": change.base_text, "proposed": change.proposed_text,
                "landed": change.landed_text,
            }
            for change in part.changes.all()
        ],
        "images": [
            {"replaces": image.replaces, "image": image.get_absolute_url(), "alt": image.alt}
            for image in part.images.all()
        ],
        "with": person(part.assigned_to),
        "handed_on": [
            {"by": person(handing.by), "to": person(handing.to), "at": handing.at, "note": handing.note}
            for handing in part.handings
        ],
        "decided_by": person(part.decided_by),
        "decided_at": part.decided_at,
        "answer": part.answer,
    }  # fmt: skip
    return shown if landing is None else shown | {"landing": landed(landing)}


def landed(landing: Landing) -> Shown:
    """What would land, and where a person decides: base, what is proposed (theirs), the working copy (ours)."""
    proposed = {change.field: change for change in landing.suggestion.changes.all()}
    ours = landing.ours
    return {
        "seen": landing.seen,
        "contained": landing.contained,
        "after": landing.place,
        "follows": landing.follows or None,
        "texts": {name: landing.step[name] for name in SuggestedField.values} if landing.step else None,
        "conflicts": [
            {"field": name, "why": clash.value}
            | (
                {
                    "base": proposed[name].base_text,
                    "theirs": proposed[name].proposed_text,
                    "ours": ours.get(name, ""),
                }
                if name in proposed
                else _images(landing)
                if name == "images"
                else {}
            )
            for name, clash in landing.undecided.items()
        ],
    }


def _images(landing: Landing) -> Shown:
    """The images of a step by their SHA-256: as it was shown, and as it would show them by what is taken."""
    shown = {take.value: images for take, images in landing.taken_images().items()}
    shown["base"] = (landing.shown or {}).get("images", [])
    return {name: [image["sha256"] for image in images] for name, images in shown.items()}
