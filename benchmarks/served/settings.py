"""Settings of the site that the benchmarks serve. Environment variables choose its parts."""

from __future__ import annotations

import os
from typing import Any

CHAT = os.environ.get("BENCHMARK_CHAT", "sitechat")
DATABASE = os.environ.get("BENCHMARK_DATABASE", "/tmp/sitechat-benchmark.sqlite3")  # noqa: S108

SECRET_KEY = "only-for-benchmarks"  # noqa: S105 - not a secret
DEBUG = False
ALLOWED_HOSTS = ["*"]
USE_TZ = True
ROOT_URLCONF = "served.urls"
WSGI_APPLICATION = "served.wsgi.application"
ASGI_APPLICATION = "served.asgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATIC_URL = "/static/"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    CHAT,
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
            ]
        },
    }
]
database: dict[str, Any]
if DATABASE.startswith("postgresql:"):
    database = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": DATABASE.partition(":")[2],
        "HOST": os.environ.get("PGHOST", "127.0.0.1"),
        "USER": os.environ.get("PGUSER", "postgres"),
        "CONN_MAX_AGE": int(os.environ.get("BENCHMARK_CONN_MAX_AGE", "0")),
        "OPTIONS": {"pool": True} if os.environ.get("BENCHMARK_POOL") else {},
    }
else:
    database = {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": DATABASE,
        "OPTIONS": {"timeout": 20},
    }
DATABASES = {"default": database}

ANTHROPIC_API_KEY = "sk-benchmark"
CHAT_MODEL = "claude-opus-4-7"
CHAT_MAX_TOKENS = 64_000
CHAT_MAX_HISTORY = 10
CHAT_MAX_MESSAGE_LENGTH = 2000
# About 3,000 tokens, like the prompt of a site that describes itself.
CHAT_SYSTEM_PROMPT = "You are the assistant of a site. " + (
    "Answer what visitors ask about the shop, its goods, delivery and returns, in their words. "
    * 100
)
LIMITS: dict[str, dict[str, list[str]]] = {
    "none": {},
    # Counted in all scopes, as by default, but never reached.
    "high": {
        "session": ["1000000 messages/hour", "1000000000 tokens/day"],
        "ip": ["1000000 messages/hour"],
        "site": ["100000000 usd/day"],
    },
}
if (limits := os.environ.get("BENCHMARK_LIMITS", "high")) != "default":
    CHAT_LIMITS = LIMITS[limits]
if os.environ.get("BENCHMARK_MIDDLEWARE"):
    MIDDLEWARE.insert(0, "sitechat.middleware.ChatMiddleware")
# A few clients send messages without a pause.
CHAT_READ_LIMITS = {"messages_of_session": 1_000_000, "messages_of_address": 1_000_000}
# Each visitor has a different address, as behind a proxy.
CHAT_TRUSTED_PROXIES = 1
CHAT_EMBEDDER = None  # the packaged model takes a second of each process
SILENCED_SYSTEM_CHECKS = ["sitechat.W020"]  # no page needs the widget here
