"""A site in this process, whose chat answers from this project's documentation."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parents[2] / "docs"

QUESTIONS = (
    "How do I put the chat on the pages of my Django site?",
    "Which limits does a visitor have, and how do I change them?",
    "How long are conversations kept, and how do I delete them earlier?",
    "What does the chat need under ASGI with many visitors?",
    "How do I let it answer from the pages of my own site?",
    "Which model should I choose, and what does an answer cost?",
    "How can I test the chat without paying for a key?",
    "What happens to an answer when the visitor opens another page?",
    "How do I change the colors, the title and the greeting of the widget?",
    "Which headers must nginx leave alone, so that answers stream?",
)


def configure(folder: str, **more: Any) -> None:
    """Configure Django with a database in a folder."""
    import django
    from django.conf import settings

    settings.configure(
        SECRET_KEY="of-a-benchmark",  # noqa: S106
        ROOT_URLCONF="harness.site_urls",
        ALLOWED_HOSTS=["*"],
        INSTALLED_APPS=[
            "django.contrib.contenttypes",
            "django.contrib.auth",
            "django.contrib.sessions",
            "sitechat",
        ],
        MIDDLEWARE=["django.contrib.sessions.middleware.SessionMiddleware"],
        DATABASES={
            "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{folder}/site.sqlite3"}
        },
        USE_TZ=True,
        CHAT_LIMITS={},
        CHAT_EMBEDDER=None,
        **more,
    )
    django.setup()


@contextmanager
def indexed() -> Iterator[None]:
    """Create the tables and index this project's documentation.

    Everything runs in one transaction, so that replies end before their POST returns.
    """
    from django.core.management import call_command
    from django.db import transaction

    from sitechat.knowledge import index
    from sitechat.knowledge.index.page_storing import store
    from sitechat.knowledge.sources import Document

    call_command("migrate", verbosity=0, skip_checks=True)
    with transaction.atomic():
        for file in sorted(DOCS.glob("*.md")):
            url, text = f"/{file.stem}/", file.read_text(encoding="utf-8")
            page = Document(url=url, key=url, title=file.stem, text=text, format="markdown")
            store(page, "docs")
        index.refresh()
        yield
