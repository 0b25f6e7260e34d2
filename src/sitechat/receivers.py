"""Signal receivers, which every process connects when it starts.

Each receiver imports the code that it calls only when a signal arrives. That code needs most of the
package, and many processes, such as commands of `manage.py`, never get such a signal.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.db.models import Model
from django.db.models.signals import post_migrate, post_save, pre_delete
from django.utils.module_loading import autodiscover_modules

from sitechat.conversations.built_in_tools import add_built_in
from sitechat.knowledge import object_deletions
from sitechat.signals import budget_nearly_reached, budget_reached, reply_finished

if TYPE_CHECKING:
    from sitechat.knowledge.object_deletions import ObjectSource
    from sitechat.models import Message, Usage


def connect() -> None:
    """Connect all receivers, add the tools of `people`, and call `discover`.

    Call this when all apps are loaded.
    """
    reply_finished.connect(_report_reply, dispatch_uid="sitechat.reports.replies")
    budget_nearly_reached.connect(_notify_nearly_reached, dispatch_uid="sitechat.notices.nearly")
    budget_reached.connect(_notify_reached, dispatch_uid="sitechat.notices.budget")
    pre_delete.connect(
        _erase_of_user, sender=settings.AUTH_USER_MODEL, dispatch_uid="sitechat.erasure"
    )
    post_migrate.connect(_update_permissions, dispatch_uid="sitechat.permissions")
    add_built_in("sitechat.people.offer_tools.tools")
    if "django.core.asgi" in sys.modules:  # this process serves ASGI
        # Imported only here, because under WSGI these receivers would have nothing to do.
        from sitechat.http import middleware_queue, read_queue

        middleware_queue.connect()
        read_queue.connect()
    discover()


def discover() -> None:
    """Import every app's `chat_sources.py`, and index objects when they are saved or deleted."""
    autodiscover_modules("chat_sources")
    post_save.connect(_index_object, dispatch_uid="sitechat.knowledge.save")
    object_deletions.connect(_index_object, _object_sources())
    if apps.is_installed("wagtail"):
        # Imported only here, because it needs Wagtail.
        from sitechat.knowledge.index import wagtail

        wagtail.connect()


def _object_sources() -> list[type[ObjectSource]]:
    """Return the classes of the sources of querysets that the site has declared.

    If the site has no such source, nothing has imported their module. Then this returns an empty
    list without importing the module.
    """
    if "sitechat.knowledge.sources.objects" not in sys.modules:
        return []
    # Imported here so that processes start fast.
    from sitechat.knowledge.sources.objects import declared

    return [type(source) for source in declared()]


def _report_reply(
    sender: type, reply: Message | None = None, usage: Usage | None = None, **kwargs: Any
) -> None:
    # Imported here so that processes start fast, as in all receivers.
    from sitechat.reports import owner_alerts, reply_logs

    reply_logs.log_reply(reply, usage)
    owner_alerts.watch_reply(reply, usage)


def _notify_nearly_reached(sender: type, **kwargs: Any) -> None:
    # Imported here so that processes start fast.
    from sitechat.reports import owner_alerts

    owner_alerts.budget_nearly_reached(kwargs["limit"], kwargs["resets"])


def _notify_reached(sender: type, **kwargs: Any) -> None:
    # Imported here so that processes start fast.
    from sitechat.reports import owner_alerts

    owner_alerts.budget_reached(kwargs["limit"], kwargs["resets"])


def _erase_of_user(sender: type, instance: Any, using: str, **kwargs: Any) -> None:
    # Imported here so that processes start fast.
    from sitechat.conversations import erasure

    erasure.erase_for_user(instance, using)


def _update_permissions(
    sender: AppConfig, app_config: AppConfig, using: str, **kwargs: Any
) -> None:
    if app_config.label == "sitechat" and apps.is_installed("django.contrib.auth"):
        # Imported here so that processes start fast.
        from sitechat.people import staff_permissions

        staff_permissions.create_for_bots(using)
        staff_permissions.delete_unused(app_config, using)


def _index_object(
    sender: type[Model], instance: Model, using: str, raw: bool = False, **kwargs: Any
) -> None:
    if raw or sender._meta.app_label == "sitechat":  # raw: a fixture with missing relations
        return
    # Imported here so that processes start fast.
    from sitechat.knowledge.index import saved_objects

    saved_objects.note_change(sender, instance, using)
