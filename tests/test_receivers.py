"""Tests of what every process loads at its start."""

from __future__ import annotations

import subprocess
import sys

START = """
import sys, django
django.setup()
print(*sorted(set(sys.modules) & set(sys.argv[1:])))
import sitechat.http.views
print(*sorted({"anthropic", "aiohttp", "httpx2"} & set(sys.modules)))
"""

FOR_ANSWERS = (
    "django.test",
    "sitechat.claude",
    "sitechat.conversations.prompt",
    "sitechat.engine",
    "sitechat.http",
    "sitechat.knowledge.index",
    "sitechat.knowledge.searching",
    "sitechat.knowledge.sources",
    "sitechat.ledger.base",
    "sitechat.reports.asking",
)
"""What only processes need that answer visitors or index pages."""


def test_a_start_loads_only_what_it_needs() -> None:
    done = subprocess.run(
        [sys.executable, "-c", START, *FOR_ANSWERS], capture_output=True, text=True, check=True
    )
    at_setup, with_views = done.stdout.split("\n")[:2]
    assert not at_setup, "import it where it is used: see sitechat/receivers.py"
    assert not with_views, "the SDK is imported before the first call"
