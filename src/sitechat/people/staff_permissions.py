"""The permissions of staff to work with the chat and to answer visitors.

`sitechat.answer_conversation` applies to all bots. On sites with several bots, `migrate` also
creates a permission for each of them, such as `sitechat.answer_conversation_support`.
"""

from __future__ import annotations

from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db.models import Model, Q

from sitechat.chatbot import usable_bots
from sitechat.models import Conversation

CODENAME = "answer_conversation"

MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"

MAX_COLLEAGUES = 200
"""Maximum number of users that are offered when a conversation is assigned."""

MAX_CHECKED = 1000
"""Maximum number of users whose permissions are checked in Python, if SQL can't filter them."""


def codename_for(bot: str) -> str:
    """Return the codename of the permission to answer visitors of one bot."""
    return f"{CODENAME}_{bot}"


def may_answer(user: Any, bot: str) -> bool:
    """Return whether a user is active staff and may answer visitors of a bot."""
    perms = (f"sitechat.{CODENAME}", f"sitechat.{codename_for(bot)}")
    return bool(user.is_active and user.is_staff and any(map(user.has_perm, perms)))


def _can_be_filtered(model: type[Model], *names: str) -> bool:
    """Return whether a user model has fields with these names. SQL can't filter by properties."""
    return {field.name for field in model._meta.get_fields()}.issuperset(names)


def works_with_chat(user: Any) -> bool:
    """Return whether a user is staff with any permission of this app in the admin."""
    if not (getattr(user, "is_active", False) and getattr(user, "is_staff", False)):
        return False
    # A user model without permissions has no such method.
    has_any = getattr(user, "has_module_perms", None)
    return has_any is not None and bool(has_any("sitechat"))


def answerable_bots(user: Any) -> list[str] | None:
    """Return the bots whose visitors a user may answer; None for all bots."""
    if user.is_active and user.is_staff and user.has_perm(f"sitechat.{CODENAME}"):
        return None
    return [bot.name for bot in usable_bots() if may_answer(user, bot.name)]


def colleagues(bot: str) -> list[Any]:
    """Return at most `MAX_COLLEAGUES` users who may answer visitors of a bot, ordered by username.

    If the user model has the usual fields, SQL checks the permissions that Django's `ModelBackend`
    grants, but not those of other backends. On a site without `ModelBackend`, or if the model lacks
    a usual field, `may_answer` checks the first `MAX_CHECKED` users.
    """
    model = get_user_model()
    flags = [name for name in ("is_active", "is_staff") if _can_be_filtered(model, name)]
    users = model._default_manager.filter(**dict.fromkeys(flags, True))
    ordered = users.order_by(model.USERNAME_FIELD)
    has_permissions = _can_be_filtered(model, "is_superuser", "user_permissions", "groups")
    has_backend = MODEL_BACKEND in settings.AUTHENTICATION_BACKENDS
    if not (has_backend and has_permissions and len(flags) == 2):
        return [user for user in ordered[:MAX_CHECKED] if may_answer(user, bot)][:MAX_COLLEAGUES]
    names = Q(content_type__app_label="sitechat", codename__in=[CODENAME, codename_for(bot)])
    permissions = apps.get_model("auth", "Permission")._default_manager.filter(names)
    ordered = ordered.filter(
        Q(is_superuser=True)
        | Q(user_permissions__in=permissions)
        | Q(groups__permissions__in=permissions)
    ).distinct()
    return list(ordered[:MAX_COLLEAGUES])


def create_for_bots(using: str) -> None:
    """Create a permission for each bot in a database, if the site has several bots."""
    bots = [bot.name for bot in usable_bots()]
    if len(bots) < 2:
        return
    # These models can't be imported before all apps are loaded.
    from django.contrib.auth.models import Permission
    from django.contrib.contenttypes.models import ContentType

    kind = ContentType.objects.db_manager(using).get_for_model(Conversation)
    for bot in bots:
        Permission.objects.using(using).get_or_create(
            content_type=kind,
            codename=codename_for(bot),
            defaults={"name": f"Can answer visitors of the bot {bot}"},
        )


def delete_unused(app_config: AppConfig, using: str) -> None:
    """Delete permissions that earlier versions created and that no code checks.

    Otherwise the admin's forms would still offer these permissions.
    """
    unused = [
        f"{action}_{model._meta.model_name}"
        for model in app_config.get_models()
        for action in ("add", "change", "delete", "view")
        if action not in model._meta.default_permissions
    ]
    permissions = apps.get_model("auth", "Permission")._default_manager.using(using)
    permissions.filter(content_type__app_label="sitechat", codename__in=unused).delete()
