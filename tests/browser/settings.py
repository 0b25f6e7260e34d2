"""Settings of a strict site: hashed static files from WhiteNoise, and a strict CSP."""

from __future__ import annotations

import os
from pathlib import Path

from tests.settings import *  # noqa: F403

BASE_DIR = Path(__file__).resolve().parent
ROOT_URLCONF = "tests.browser.urls"
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("SITECHAT_BROWSER_DB", ":memory:"),
        "OPTIONS": {"timeout": 20},
    }
}
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "tests.browser.urls.strict_csp",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [{**TEMPLATES[0], "DIRS": [BASE_DIR / "templates"]}]  # noqa: F405
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = os.environ.get("SITECHAT_BROWSER_STATIC", "static-root")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
CHAT_LIMITS: dict[str, list[str]] = {}
CHAT_BOTS = {"default": "sitechat.Chatbot", "support": "sitechat.Chatbot"}
CHAT_WIDGET = {
    "title": "Ask us",
    "greeting": "Hello! What would you like to know?",
    "suggestions": ["What do you sell?", "Where are you?"],
}
if "SITECHAT_BROWSER_STREAMS" in os.environ:
    CHAT_MAX_STREAMS = int(os.environ["SITECHAT_BROWSER_STREAMS"])
if "SITECHAT_BROWSER_PEOPLE" in os.environ:
    CHAT_CONSENT = "We keep what you write."
    CHAT_CONTACT = {"fields": ["email", "name"], "consent": "You may write to me."}
    CHAT_PERSON = {"email": "support@example.org"}
    CHAT_BOTS["default"] = "tests.tool_bots.ConfirmBot"
