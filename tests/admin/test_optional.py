"""Tests that nothing of the admin is imported if it is not installed."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

WITHOUT_ADMIN = """
import sys
from django.conf import settings

settings.configure(
    SECRET_KEY="x",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "sitechat",
    ],
    MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware"],
    ROOT_URLCONF="sitechat.urls",
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    ANTHROPIC_API_KEY="sk-test",
)
import django

django.setup()
from django.core.management import call_command

call_command("check")
call_command("migrate", verbosity=0)
call_command("chat_cleanup")
heavy = {"django.contrib.admin", "anthropic", "prometheus_client", "celery", "yaml"}
loaded = heavy & {*sys.modules}
assert not loaded, loaded
"""


@pytest.mark.long
def test_a_site_without_the_admin_is_cleaned_up_all_the_same() -> None:
    answer = subprocess.run(
        [sys.executable, "-c", WITHOUT_ADMIN],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    assert "no issues" in answer.stdout
    assert "Deleted 0 conversations" in answer.stdout
