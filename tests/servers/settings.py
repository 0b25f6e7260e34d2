"""Settings of the site for the server tests. Environment variables change some of them."""

from __future__ import annotations

import json
import os

from tests.settings import *  # noqa: F403
from tests.settings import DATABASE_SETTINGS, INSTALLED_APPS, MIDDLEWARE

ROOT_URLCONF = "tests.servers.urls"
WSGI_APPLICATION = "tests.servers.wsgi.application"
ASGI_APPLICATION = "tests.servers.asgi.application"
ALLOWED_HOSTS = ["*"]

DATABASES = DATABASE_SETTINGS[os.environ.get("SITECHAT_TEST_DB", "sqlite")]
DATABASES["default"].update(json.loads(os.environ.get("SITE_DATABASE", "{}")))

INSTALLED_APPS = [*INSTALLED_APPS]
MIDDLEWARE = [*json.loads(os.environ.get("SITE_MIDDLEWARE", "[]")), *MIDDLEWARE]
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": os.environ.get("SITE_CACHE", "/tmp/sitechat-servers-cache"),  # noqa: S108
    }
}
CHAT_LIMITS: dict[str, list[str]] = json.loads(os.environ.get("SITE_LIMITS", "{}"))
CHAT_MAX_STREAMS: int | None = json.loads(os.environ.get("SITE_MAX_STREAMS", "null"))
CHAT_REQUEST_ISOLATION: bool = json.loads(os.environ.get("SITE_ISOLATION", "false"))
CHAT_STALE_AFTER: float = json.loads(os.environ.get("SITE_STALE_AFTER", "15"))
CHAT_BOTS = {"default": json.loads(os.environ.get("SITE_BOT", '"tests.servers.bots.PatientBot"'))}
CHAT_MAX_TOKENS = 64_000

LOGGING = {
    "version": 1,
    "handlers": {"stderr": {"class": "logging.StreamHandler"}},
    "loggers": {"sitechat": {"handlers": ["stderr"], "level": "INFO"}},
}
CHAT_EMBEDDER = None  # the packaged model takes a second of each process
