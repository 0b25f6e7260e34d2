"""Settings of the demo, a small site with the chat.

They work with `runserver`, gunicorn and uvicorn. Do not publish this site: its secret key is in
this file and it runs in debug mode.
"""

from __future__ import annotations

import os
from pathlib import Path

from demo import answering

BASE_DIR = Path(__file__).resolve().parent

SECRET_KEY = "only-for-the-demo"  # noqa: S105 (not a secret)
DEBUG = True

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.sitemaps",
    "django.contrib.staticfiles",
    "sitechat",
    "demo",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "demo.csp.content_security_policy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "demo.urls"
ASGI_APPLICATION = "demo.asgi.application"
WSGI_APPLICATION = "demo.wsgi.application"
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
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("DEMO_DATABASE", BASE_DIR / "demo.sqlite3"),
        "OPTIONS": {"timeout": 20},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en"
USE_TZ = True
STATIC_URL = "static/"
STATICFILES_DIRS = [("docs", BASE_DIR.parent / "docs" / "images")]

CHAT_SYSTEM_PROMPT = (
    "You are the assistant of the documentation of django-sitechat, a chat for Django sites, and "
    "answer the questions of the web developers who read it. Be correct and brief, and show a "
    "few lines of code if they help more than words. Base your answers on the pages that come "
    "with the question, and say so plainly if they do not contain the answer."
)
CHAT_BOTS = {"default": "demo.shop.ShopBot"}
CHAT_WIDGET = answering.widget()
CHAT_EMBEDDER = None  # words are enough for these pages, and the demo starts at once
