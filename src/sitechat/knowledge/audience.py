"""Audiences of pages: names such as "public" or "group:editors", stored with each page.

A source sets the audiences of a page. Search returns a page only to visitors who belong to one of
them.
"""

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
    """Return the audience of the members of a group of `django.contrib.auth`."""
    return f"group:{name}"


def permission(name: str) -> str:
    """Return the audience of the users with a permission, such as "blog.view_draft"."""
    return f"permission:{name}"


def user(pk: Any) -> str:
    """Return the audience of a single user, by primary key."""
    return f"user:{pk}"


def invalid_audiences(audience: Iterable[object]) -> list[object]:
    """Return the entries that are not valid audiences."""
    return [
        name
        for name in audience
        if not isinstance(name, str)
        or (
            name not in (PUBLIC, AUTHENTICATED, STAFF)
            and not name.startswith(("group:", "permission:", "user:"))
        )
    ]


def audiences_of(visitor: User, candidates: Iterable[str]) -> set[str]:
    """Return the audiences among the candidates that a visitor belongs to.

    Args:
        visitor: The visitor; None for an anonymous one. An inactive user counts as anonymous.
        candidates: The audiences to check.
    """
    candidates = set(candidates)
    audiences = {PUBLIC}
    if visitor is None or not visitor.is_authenticated or not visitor.is_active:
        return audiences & candidates
    audiences |= {AUTHENTICATED, user(visitor.pk)}
    if getattr(visitor, "is_staff", False):
        audiences.add(STAFF)
    groups = getattr(visitor, "groups", None)
    if groups is not None and any(name.startswith("group:") for name in candidates):
        audiences.update(group(name) for name in groups.values_list("name", flat=True))
    has_perm = getattr(visitor, "has_perm", None)
    if has_perm is not None:
        audiences.update(
            name
            for name in candidates
            if name.startswith("permission:") and has_perm(name.partition(":")[2])
        )
    return audiences & candidates
