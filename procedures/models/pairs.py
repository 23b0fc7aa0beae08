"""Columns that belong to a state, such as who resolved something and when: conditions of check constraints."""

from typing import Any

from django.db.models import Q


def set_when(*columns: str, **state: Any) -> Q:
    """These are set in this state, and in no other."""
    return Q(**state, **_null(columns, False)) | ~Q(**state) & Q(**_null(columns, True))


def unset_when(*columns: str, **state: Any) -> Q:
    """These are set in every state but this."""
    return Q(**state, **_null(columns, True)) | ~Q(**state) & Q(**_null(columns, False))


def _null(columns: tuple[str, ...], null: bool) -> dict[str, Any]:
    return {f"{column}__isnull": null for column in columns}
