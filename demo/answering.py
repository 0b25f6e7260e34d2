"""The demo's texts, depending on whether Claude or the stand-in answers."""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit

QUESTIONS = [
    "How do I install this?",
    "Can I change the color of the bubble?",
    "How much does it cost per month?",
    "How does the chat learn my pages?",
]


def is_standin() -> bool:
    """Return whether a stand-in on this machine answers instead of Claude."""
    host = urlsplit(os.environ.get("ANTHROPIC_BASE_URL", "")).hostname
    return host in ("127.0.0.1", "::1", "localhost")


def widget() -> dict[str, Any]:
    """Return the setting `CHAT_WIDGET` of the demo."""
    texts: dict[str, Any] = {"title": "Ask the documentation", "suggestions": QUESTIONS}
    if not is_standin():
        greeting = "Hello! I have read this documentation. What would you like to know?"
        return {**texts, "greeting": greeting}
    return {
        **texts,
        "greeting": "Hello! I search this documentation for your question and quote it.",
        "disclosure": "A stand-in answers instead of Claude: it only quotes these pages.",
    }
