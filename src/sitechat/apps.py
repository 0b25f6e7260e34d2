"""The app's configuration, which registers the checks and connects the signal receivers."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SitechatConfig(AppConfig):
    """The configuration of the app `sitechat`."""

    name = "sitechat"
    verbose_name = _("Site chat")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the checks, connect the signal receivers, and import all `chat_sources.py`."""
        # Django imports this module before models can be imported.
        from sitechat import receivers
        from sitechat.checks import register_checks

        register_checks()
        receivers.connect()
