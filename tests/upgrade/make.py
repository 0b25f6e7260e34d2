"""Fill the database of a site with an earlier release, and write what its visitor has seen.

The process ends in the middle of a reply, as if it was killed. Run this module with the earlier
release first on the path. On SQLite it also writes `before.sql`, a copy of the database:

    git worktree add /tmp/before <commit>
    export SITECHAT_TEST_DB=sqlite SITECHAT_TEST_DB_NAME=/tmp/before/site.sqlite3
    PYTHONPATH=/tmp/before/src:. python -m tests.upgrade.make tests/upgrade
"""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import django

if TYPE_CHECKING:
    from django.test import Client

MESSAGE = "5c0f3a0e-6a4e-4c7a-9d53-0f6f1b1c2d3e"


def main(folder: Path) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.upgrade.site"
    django.setup()
    # Models can only be imported after the setup.
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.test import Client

    from sitechat.models import Message
    from sitechat.standin import Answer, Standin
    from tests.upgrade import site

    call_command("migrate", verbosity=0)
    call_command("chat_index", verbosity=0)
    User.objects.create_superuser("owner", password="owner")
    visitor = Client()
    with Standin() as standin:
        os.environ["ANTHROPIC_BASE_URL"], os.environ["ANTHROPIC_API_KEY"] = standin.url, "sk-x"
        replies = [ask(visitor, site.QUESTION, MESSAGE), ask(visitor, "And shoes?")]
        url = f"/api/chat/replies/{replies[0]}/rating/"
        body = {"rating": 1, "comment": "Quick!"}
        assert visitor.post(url, body, "application/json").status_code == 200
        seen = visitor.get("/api/chat/").json()
        # The process ends while a third reply is running.
        standin.always(Answer("We are open. " * 40, delay=0.2))
        stream = begin(visitor, "Are you open on Sundays?")
        running = Message.objects.get(status="running")
        while not Message.objects.get(pk=running.pk).text:
            next(stream)
        if os.environ["SITECHAT_TEST_DB"] == "sqlite":
            copy = sqlite3.connect(os.environ["SITECHAT_TEST_DB_NAME"])
            (folder / "before.sql").write_text("\n".join(copy.iterdump()) + "\n")
        half = Message.objects.get(pk=running.pk).text
        known = {
            "cookie": visitor.cookies["sessionid"].value,
            "message": MESSAGE,
            "replies": replies,
            "conversation": seen["conversation"],
            "messages": seen["messages"],
            "interrupted": {"reply": str(running.pk), "begins": half[:12]},
        }
        (folder / "before.json").write_text(json.dumps(known, indent=1) + "\n")
        os._exit(0)


def ask(visitor: Client, text: str, message_id: str | None = None) -> str:
    """Send a message, wait for the end of its reply and return the reply's id."""
    raw = b"".join(begin(visitor, text, message_id)).decode()
    assert raw.rstrip().endswith("[DONE]"), raw
    return str(json.loads(raw.split("data: ", 1)[1].split("\n", 1)[0])["reply"])


def begin(visitor: Client, text: str, message_id: str | None = None) -> Iterator[bytes]:
    """Send a message and return the chunks of the stream."""
    body = {"message": text, **({"id": message_id} if message_id else {})}
    response: Any = visitor.post("/api/chat/", body, "application/json")
    assert response.status_code == 200, response.content
    return iter(response.streaming_content)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
