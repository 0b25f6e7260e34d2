"""The custom user model of Django's documentation, under "A full example"."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models


class MyUser(AbstractBaseUser):
    """A user without groups and permissions, whose `is_staff` is no column."""

    email = models.EmailField(max_length=255, unique=True)
    is_active = models.BooleanField(default=True)
    is_admin = models.BooleanField(default=False)

    objects: ClassVar[BaseUserManager[Any]] = BaseUserManager()

    USERNAME_FIELD = "email"

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Return whether the user has a permission."""
        return True

    def has_module_perms(self, app_label: str) -> bool:
        """Return whether the user has any permission of an app."""
        return True

    @property
    def is_staff(self) -> bool:
        """Return whether the user may use the admin."""
        return self.is_admin
