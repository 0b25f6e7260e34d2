"""Tests of what every process loads at its start."""

from __future__ import annotations

import subprocess
import sys

import pytest

SETUP = "import sys, django; django.setup()"
CHECK = """
from django.contrib import admin
from django.core.management import call_command
from django.urls import resolve, reverse
call_command("check")
resolve(reverse("sitechat:chat"))
resolve(reverse("mcp", "sitechat.http.llms_mcp_urls"), "sitechat.http.llms_mcp_urls")
"""
VIEWS = "import sitechat.http.chat_views"
LOADED = "print(*sorted(set(sys.modules) & set(sys.argv[1:])))"

SDK = ("anthropic", "aiohttp", "httpx2")
FOR_ANSWERS = (
    *SDK,
    "numpy",
    "pydantic",
    "sitechat.claude.call",
    "sitechat.conversations.prompt",
    "sitechat.engine.event_loop",
    "sitechat.events.delivery_threads",
    "sitechat.http.dispatch",
    "sitechat.http.chat_views",
    "sitechat.knowledge.index.machine_index",
    "sitechat.knowledge.reading",
    "sitechat.knowledge.searching",
    "sitechat.knowledge.sources",
    "sitechat.ledger.base",
    "sitechat.people.staff_actions",
    "sitechat.reports.asking_bots",
    "sitechat.reports.usage_report",
    "smtplib",
)
"""What only processes need that answer visitors, index pages or show the admin's pages."""

FOR_CHECKS = ("django.test", "sitechat.claude", "sitechat.engine", "sitechat.http")
"""What `check` and reversed URLs need, and a start does not."""


@pytest.mark.parametrize(
    ("program", "names"),
    [
        ([SETUP], (*FOR_ANSWERS, *FOR_CHECKS)),
        ([SETUP, CHECK], FOR_ANSWERS),
        ([SETUP, VIEWS], SDK),
    ],
    ids=["at setup", "at check", "before the first call"],
)
def test_a_process_loads_only_what_it_needs(program: list[str], names: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "\n".join([*program, LOADED]), *names],
        capture_output=True,
        text=True,
        check=True,
    )
    loaded = done.stdout.splitlines()[-1]
    assert not loaded, "import it where it is used: see sitechat/receivers.py"
