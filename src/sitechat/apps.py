"""The app's configuration. `ready` connects checks and signal receivers."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SitechatConfig(AppConfig):
    """The configuration of the app `sitechat`."""

    name = "sitechat"
    verbose_name = _("Site chat")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register checks, discover declared sources, and log finished replies."""
        # Django imports this module before models can be imported.
        from sitechat.checks import register_checks
        from sitechat.conversations import erasure
        from sitechat.knowledge.index.receivers import discover
        from sitechat.people import offers, permissions
        from sitechat.reports import logs, notices

        register_checks()
        discover()
        logs.connect()
        notices.connect()
        erasure.connect()
        permissions.connect()
        offers.connect()
