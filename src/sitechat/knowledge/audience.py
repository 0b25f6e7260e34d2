"""Who may see a page: names such as "public" or "group:editors", kept with it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

    User = AbstractBaseUser | AnonymousUser | None

PUBLIC = "public"
AUTHENTICATED = "authenticated"
STAFF = "staff"


def group(name: str) -> str:
    """The members of a group of `django.contrib.auth`."""
    return f"group:{name}"


def permission(name: str) -> str:
    """The users with a permission, such as "blog.view_draft"."""
    return f"permission:{name}"


def user(pk: Any) -> str:
    """One user, by primary key."""
    return f"user:{pk}"


def invalid(audience: Iterable[object]) -> list[object]:
    """The entries of an audience that mean nothing, so that nobody would ever see the page."""
    return [
        name
        for name in audience
        if not isinstance(name, str)
        or (
            name not in (PUBLIC, AUTHENTICATED, STAFF)
            and not name.startswith(("group:", "permission:", "user:"))
        )
    ]


def audiences_of(visitor: User, known: Iterable[str]) -> set[str]:
    """Which of the audiences in use a visitor belongs to."""
    known = set(known)
    mine = {PUBLIC}
    if visitor is None or not visitor.is_authenticated or not visitor.is_active:
        return mine & known
    mine |= {AUTHENTICATED, user(visitor.pk)}
    if getattr(visitor, "is_staff", False):
        mine.add(STAFF)
    groups = getattr(visitor, "groups", None)
    if groups is not None and any(name.startswith("group:") for name in known):
        mine.update(group(name) for name in groups.values_list("name", flat=True))
    has_perm = getattr(visitor, "has_perm", None)
    if has_perm is not None:
        mine.update(
            name
            for name in known
            if name.startswith("permission:") and has_perm(name.partition(":")[2])
        )
    return mine & known
