"""What the editing desk's forms send."""

from wagtail.test.utils.form_data import inline_formset, nested_form_data, streamfield


def desk_form(**fields: str) -> dict[str, str]:
    """What the editor's form sends for a procedure with one step."""
    step = {
        "title": "Switch off",
        "body": "Turn the switch.",
        "images": streamfield([]),
        "importance": "normal",
    }
    return nested_form_data(
        {
            "title": "Typed title", "number": "SOP-NEW", "kind": "repair", "language": "en",
            "audience": "internal", "steps": streamfield([("step", step)]),
            "applicability": inline_formset([]), **fields,
        }
    )  # fmt: skip
