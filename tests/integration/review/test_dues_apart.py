"""What is due by when: two dates stand apart."""

from datetime import date
from types import SimpleNamespace

from django.template.loader import render_to_string


def test_two_dates_do_not_run_into_one_another() -> None:
    dues = [
        SimpleNamespace(promise=promise, on=date(2026, 11, 29), is_overdue=False)
        for promise in ("answer", "decision")
    ]
    shown = render_to_string("review/_dues.html", {"dues": dues})
    assert "</span> · <span>" in shown
    assert not render_to_string("review/_dues.html", {"dues": dues[:1]}).startswith(" ·")
