"""Settings of the test site. `SITECHAT_TEST_DB` selects sqlite, postgresql or mariadb."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

BASE_DIR = Path(__file__).resolve().parent
SECRET_KEY = "only-for-tests"
DEBUG = False
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1", "[::1]"]
ROOT_URLCONF = "tests.urls"
USE_TZ = True
LANGUAGE_CODE = "en"
STATIC_URL = "/static/"

DATABASE_SETTINGS: dict[str, dict[str, dict[str, Any]]] = {
    "sqlite": {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.environ.get("SITECHAT_TEST_DB_NAME", ":memory:"),
            "OPTIONS": {"timeout": 20},
        }
    },
    "postgresql": {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": os.environ.get("SITECHAT_TEST_DB_NAME", "sitechat"),
            "HOST": os.environ.get("PGHOST", "127.0.0.1"),
            "USER": os.environ.get("PGUSER", "postgres"),
        }
    },
    "mariadb": {
        "default": {
            "ENGINE": "django.db.backends.mysql",
            "NAME": os.environ.get("SITECHAT_TEST_DB_NAME", "sitechat"),
            "HOST": "127.0.0.1",
            "USER": os.environ.get("SITECHAT_TEST_DB_USER", "root"),
            "OPTIONS": {"charset": "utf8mb4"},
        }
    },
}
DATABASES = DATABASE_SETTINGS[os.environ.get("SITECHAT_TEST_DB", "sqlite")]

# High, because tests call as fast as they can. Tests of these limits set lower ones.
CHAT_READ_LIMITS = {
    f"{kind}_of_{who}": 1_000_000
    for kind in ("reads", "messages", "actions")
    for who in ("session", "address")
}
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "sitechat",
    "tests.emptying",
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
        "DIRS": [BASE_DIR / "templates"],
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
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ANTHROPIC_API_KEY = "sk-test"
CHAT_EMBEDDER = None  # the packaged model takes a second of each process
