"""Tests of who can be assigned a conversation on sites with other authentication backends."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.models import User
from pytest_django import Settings

from sitechat.people.staff_permissions import colleagues

pytestmark = [pytest.mark.database, pytest.mark.django_db]


class ByName(BaseBackend):
    """A backend, such as one for LDAP, that knows permissions that no table contains."""

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        return user_obj.get_username() == "ben" and perm == "sitechat.answer_conversation"


@pytest.fixture
def staff() -> None:
    for name in ("ann", "ben", "cem"):
        User.objects.create_user(name, is_staff=True)
    User.objects.create_user("dan", is_superuser=True)
    User.objects.create_superuser("eve")


@pytest.mark.usefixtures("staff")
def test_another_backend_decides_who_may_answer(settings: Settings) -> None:
    assert [user.username for user in colleagues("default")] == ["eve"]
    settings.AUTHENTICATION_BACKENDS = [f"{__name__}.ByName"]
    assert [user.username for user in colleagues("default")] == ["ben", "eve"]
