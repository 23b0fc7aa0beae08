"""Models that a document does not name, since not everybody who finds it may know of them, though it is for them too."""

_EVERY = " *"


def every_model(line: str) -> str:
    """What stands among a document's models for every one of a product line. No model's code has a blank."""
    return line + _EVERY


def is_every_model(model: str) -> bool:
    """Whether that is what one of a document's models is."""
    return model.endswith(_EVERY)
