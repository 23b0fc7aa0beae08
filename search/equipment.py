"""Models that a document does not name, since not everybody who finds it may know of them, though it is for them too."""

_EVERY = " *"


def every_model(line: str) -> str:
    """What stands among a document's models for the rest of a product line; no model's code has a blank."""
    return line + _EVERY


def stands_for_others(model: str) -> bool:
    """Whether that is what this one of a document's models is."""
    return model.endswith(_EVERY)
