from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SitechatConfig(AppConfig):
    name = "sitechat"
    verbose_name = _("Site chat")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from sitechat.checks import register_checks
        from sitechat.knowledge.discovery import discover
        from sitechat.owner import logs

        register_checks()
        discover()
        logs.connect()
