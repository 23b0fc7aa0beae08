"""A process makes a few PDFs at a time; who asks for one more is told when to come back."""

import pytest

from procedures.printing import PrintingUnavailable
from procedures.views import copies
from tests import factories as make


@pytest.mark.django_db
def test_one_pdf_too_many_is_answered_by_when_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copies, "_PATIENCE", 0.01)
    version = make.released()
    reader = make.signed_in(version.page.procedure_owner)
    address = f"{version.get_absolute_url()}pdf/"
    taken = 0
    while copies._MAKING.acquire(blocking=False):
        taken += 1
    try:
        busy = reader.get(address)
        assert (busy.status_code, busy["Retry-After"]) == (503, "30")
        assert "Other PDFs are being made" in busy.content.decode()
        assert address in busy.content.decode()
    finally:
        for _ in range(taken):
            copies._MAKING.release()
    assert taken == 2

    def refuse(*args: object, **kwargs: object) -> bytes:
        raise PrintingUnavailable("x")

    monkeypatch.setattr(copies, "version_pdf", refuse)
    for _ in range(taken + 1):  # what failed has given its place back
        assert "Other PDFs" not in reader.get(address).content.decode()
