"""Who asks, as one word. The search knows no roles; whoever does registers them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from search.registry import User

CUSTOMER, STAFF = "customer", "staff"
"""The groups within which past searches are offered."""


@dataclass(frozen=True, slots=True)
class Role:
    """`group`: CUSTOMER or STAFF."""

    name: str
    label: "StrOrPromise"
    group: str


_roles: list[Role] = []
_tellers: "list[Callable[[User], str]]" = []


def register(roles: Sequence[Role], role_of: "Callable[[User], str]") -> None:
    """`role_of` gives the name of one of the roles for anybody, signed in or not. Raises ValueError the second time."""
    if _tellers:
        raise ValueError("The roles of the search log are registered already.")
    _roles.extend(roles)
    _tellers.append(role_of)


def roles() -> tuple[Role, ...]:
    """In the order they were registered."""
    return tuple(_roles)


def role_of(user: "User") -> str:
    """The name of this person's role; "" where none are registered."""
    return _tellers[0](user) if _tellers else ""


def names(group: str) -> list[str]:
    """Of the roles in a group; whoever has no role is a customer."""
    found = [role.name for role in _roles if role.group == group]
    return [*found, ""] if group == CUSTOMER else found


def group_of(user: "User") -> str:
    """CUSTOMER or STAFF."""
    return STAFF if role_of(user) in names(STAFF) else CUSTOMER
