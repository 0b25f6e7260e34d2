"""Tests that the package runs without the stand-in. import-linter checks the imports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sitechat.standin import Standin

SITE = """
import json, os, sys
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
import django
from django.conf import settings
settings.MIGRATION_MODULES = {"sitechat": None}
django.setup()
from django.core.management import call_command
from django.test import Client, RequestFactory
call_command("migrate", run_syncdb=True, verbosity=0)
call_command("check")
from django.template import engines
request = RequestFactory().get("/")
page = engines["django"].from_string("{% load sitechat %}{% chat_widget %}").render({}, request)
assert "<site-chat" in page
stream = Client().post("/api/chat/", {"message": "Hi"}, content_type="application/json")
answer = b"".join(stream.streaming_content).decode()
loaded = sorted(name for name in sys.modules if name.startswith("sitechat"))
print(json.dumps({"answer": answer, "loaded": loaded}))
"""
"""A site on which a visitor opens a page and gets an answer."""


@pytest.mark.long
def test_a_site_that_answers_a_visitor_loads_none_of_it(
    claude_standin: Standin, tmp_path: Path
) -> None:
    claude_standin.script("Hello from Claude.")
    environ = {
        **os.environ,
        "SITECHAT_TEST_DB": "sqlite",
        "SITECHAT_TEST_DB_NAME": str(tmp_path / "site.sqlite3"),
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    ended = subprocess.run(
        [sys.executable, "-c", SITE], capture_output=True, text=True, env=environ, timeout=120
    )
    assert ended.returncode == 0, ended.stderr
    site = json.loads(ended.stdout.splitlines()[-1])
    assert "Claude." in site["answer"]
    assert "sitechat.engine" in site["loaded"]
    assert not [name for name in site["loaded"] if name.startswith("sitechat.standin")]
