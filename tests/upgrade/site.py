"""Settings of a small site, which is upgraded from an earlier release to the current one."""

from __future__ import annotations

import os

import django

from tests.settings import DATABASE_SETTINGS

QUESTION = "When do parcels leave the warehouse?"
EMBEDDED: list[str] = []
"""The texts with which `embed` was called."""

SECRET_KEY = "the key of the site that is upgraded"
ALLOWED_HOSTS = ["testserver"]
DATABASES = DATABASE_SETTINGS[os.environ["SITECHAT_TEST_DB"]]
if os.environ["SITECHAT_TEST_DB"] == "sqlite" and django.VERSION >= (5, 1):
    # 0.1 does not repeat a transaction that SQLite rejects because another thread wrote first.
    DATABASES["default"]["OPTIONS"]["transaction_mode"] = "IMMEDIATE"
ROOT_URLCONF = "tests.upgrade.urls"
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.sitemaps",
    "sitechat",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
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
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
SESSION_COOKIE_AGE = 100 * 365 * 86400
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
USE_TZ = True
CHAT_EMBEDDER = f"{__name__}.embed"
CHAT_LIMITS = {"session": ["100 messages/month"], "site": ["20 usd/month"]}
CHAT_RETENTION_DAYS = 36500
CHAT_STALE_AFTER = 3


def embed(texts: list[str]) -> list[list[float]]:
    """Return vectors of letter counts."""
    EMBEDDED.extend(texts)
    return [[float(text.lower().count(letter)) + 0.1 for letter in "aeiostrn"] for text in texts]
