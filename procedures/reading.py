"""A step as it is shown, on a page or on paper: frozen HTML beside the frozen facts."""

from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString, mark_safe

from procedures.models import Importance


@dataclass(frozen=True, slots=True)
class ReadStep:
    """A step as a template shows it: frozen HTML beside the frozen facts."""

    id: str
    number: int
    title: str
    body: SafeString
    expected: SafeString
    caution: SafeString
    minutes: int | None
    importance: str
    importance_label: str
    images: list[dict[str, str]]

    @property
    def anchor(self) -> str:
        return f"step-{self.id}"


def read_steps(content: dict[str, Any], html: dict[str, Any]) -> list[ReadStep]:
    """The steps of a canonical content with their HTML (procedures.rendering.render_content)."""
    labels = dict(Importance.choices)
    return [
        ReadStep(
            id=step["id"],
            number=number,
            title=step["title"],
            # Cleaned by nh3 when it was rendered, and frozen since.
            **{name: mark_safe(html["steps"][step["id"]][name]) for name in ("body", "expected", "caution")},
            minutes=step["minutes"],
            importance=step["importance"],
            importance_label=str(labels.get(step["importance"], "")),
            images=step["images"],
        )
        for number, step in enumerate(content["steps"], 1)
    ]
