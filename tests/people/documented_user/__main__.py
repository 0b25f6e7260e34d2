"""Open every page of the chat in the admin of the site, and print those that fail.

python -m tests.people.documented_user DATABASE
"""

from __future__ import annotations

import sys

import django
from django.conf import settings

settings.configure(
    SECRET_KEY="x" * 50,
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF="tests.people.documented_user.urls",
    USE_TZ=True,
    INSTALLED_APPS=[
        *(f"django.contrib.{app}" for app in ("admin", "auth", "contenttypes")),
        *(f"django.contrib.{app}" for app in ("sessions", "messages", "staticfiles")),
        "tests.people.documented_user",
        "sitechat",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
    ],
    TEMPLATES=[
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
    ],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": sys.argv[1]}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    STATIC_URL="/static/",
    AUTH_USER_MODEL="documented_user.MyUser",
    ANTHROPIC_API_KEY="x",
    CHAT_PERSON={"names": ["Ann"]},
)
django.setup()

from django.contrib import admin  # noqa: E402 - needs the settings, as the following
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402

from sitechat.models import Conversation, Handoff  # noqa: E402
from sitechat.people.staff_permissions import colleagues  # noqa: E402
from tests.people.documented_user.models import MyUser  # noqa: E402

call_command("migrate", run_syncdb=True, verbosity=0)
MyUser.objects.create(email="visitor@example.org")
MyUser.objects.create(email="ben@example.org", is_admin=True)
ann = MyUser.objects.create(email="ann@example.org", is_admin=True)
client = Client(raise_request_exception=False)
client.force_login(ann)
talk = Conversation.objects.create(bot="default")
Handoff.objects.create(conversation=talk, bot="default", state="waiting")
pages = [
    f"handoff/{talk.pk}/change/",
    f"handoff/{talk.pk}/live/",
    f"conversation/{talk.pk}/change/",
]
models = [model._meta for model in admin.site._registry]
pages += [f"{each.model_name}/" for each in models if each.app_label == "sitechat"]
failed = {page: client.get(f"/admin/sitechat/{page}").status_code for page in pages}
failed = {page: status for page, status in failed.items() if status != 200}
names = [user.email for user in colleagues("default")]
sys.stdout.write(f"failed {failed}, colleagues {names}")
