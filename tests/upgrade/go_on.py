"""Chat with the previous version on a migrated database. Run by `test_upgrade`."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import django
from django.test import Client

from sitechat.standin import Answer, Standin


def main(known: dict[str, Any]) -> dict[str, object]:
    django.setup()
    visitor, stranger = Client(), Client()
    visitor.cookies["sessionid"] = str(known["cookie"])
    with Standin() as standin:
        os.environ["ANTHROPIC_BASE_URL"], os.environ["ANTHROPIC_API_KEY"] = standin.url, "sk-x"
        standin.always(Answer("As before."))
        answers = {"visitor": send(visitor), "stranger": send(stranger)}
    return {**answers, "conversation": visitor.get("/api/chat/").json()}


def send(client: Client) -> str:
    response: Any = client.post("/api/chat/", {"message": "Still there?"}, "application/json")
    return b"".join(response.streaming_content).decode()


if __name__ == "__main__":
    json.dump(main(json.load(sys.stdin)), sys.stdout)
