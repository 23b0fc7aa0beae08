"""The interface is complete in both languages, and an untranslated text would be found."""

from pathlib import Path

import pytest

from kb import translations


def test_every_text_is_translated() -> None:
    assert translations.problems() == []


def test_an_untranslated_text_is_found(
    tmp_path: Path, settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "new.html").write_text(
        "{% load i18n %}{% translate 'Never seen before' %}"
        "{% blocktranslate count n=x %}{{ n }} bolt{% plural %}{{ n }} bolts{% endblocktranslate %}"
    )
    (tmp_path / "kb").mkdir()
    (tmp_path / "kb" / "new.py").write_text('x = _("Nor this")\ny = pgettext("step", "Nor that")\n')
    monkeypatch.setattr("django.conf.settings.BASE_DIR", tmp_path)
    found = "\n".join(translations.problems())
    for text in ("Never seen before", "bolts", "Nor this", "Nor that"):
        assert text in found
