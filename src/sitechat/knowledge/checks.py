"""System checks of what the site's knowledge needs."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from django.core.checks import CheckMessage, Error
from django.utils.module_loading import import_string

from sitechat.conf import conf

from .schema import has_fts5


def check_fts5(**kwargs: Any) -> Iterator[CheckMessage]:
    if not has_fts5():
        yield Error(
            "The SQLite of this Python has no FTS5, so the chat can't search the site.",
            hint=(
                "Use a Python whose sqlite3 module has it; python.org's, Debian's and Docker's "
                "have. Or list sitechat.E010 in SILENCED_SYSTEM_CHECKS: the chat works, and "
                "answers without the site's pages."
            ),
            id="sitechat.E010",
        )


def check_embedder(**kwargs: Any) -> Iterator[CheckMessage]:
    path = conf.CHAT_EMBEDDER
    if not path:
        return
    hint = "Name a callable that takes a list of texts and returns a list of vectors."
    try:
        embedder = import_string(path)
    except Exception as error:
        yield Error(f"CHAT_EMBEDDER can't be imported: {error}", hint=hint, id="sitechat.E011")
        return
    if not callable(embedder):
        yield Error(f"CHAT_EMBEDDER {path!r} is not callable.", hint=hint, id="sitechat.E011")
    if find_spec("numpy") is None:
        yield Error(
            "CHAT_EMBEDDER needs numpy.",
            hint="pip install 'django-sitechat[embeddings]'",
            id="sitechat.E011",
        )
