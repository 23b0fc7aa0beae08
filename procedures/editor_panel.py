"""What a higher app shows in a procedure's editor, above the steps: it registers a note in its AppConfig.ready()."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.utils.safestring import SafeString, mark_safe
from wagtail.admin.panels import Panel

# (a request, the working copy as its editor loads it) -> safe HTML for whoever edits it, or ""
Note = Callable[[HttpRequest, Any], str]
_notes: list[Note] = []


def register(note: Note) -> None:
    if note not in _notes:
        _notes.append(note)


class NotesPanel(Panel):
    """The notes on the working copy; no panel where there are none."""

    class BoundPanel(Panel.BoundPanel):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            edited = self.request is not None and self.instance is not None and self.instance.pk
            self.html = "".join(note(self.request, self.instance) for note in _notes) if edited else ""

        def is_shown(self) -> bool:
            return bool(self.html)

        def render_html(self, parent_context: Any = None) -> SafeString:
            return mark_safe(self.html)
