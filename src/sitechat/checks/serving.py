"""Will the answers stream, and does every worker know its visitors?"""

from __future__ import annotations

import ast
import os
import re
import shlex
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils.module_loading import import_string

SUSPECTS = re.compile(r"gzip|brotli|zstd|compress|minif|htmlmin|squash|buffer|strip", re.IGNORECASE)
"""Names of middleware that may read a response as a whole. Only these are tried out."""

LEAST_THREADS = 4
"""Threads of a WSGI worker below which one open answer is felt by the site's other visitors."""

PER_PROCESS = {
    "django.core.cache.backends.locmem.LocMemCache": "keeps its own copy in each worker",
    "django.core.cache.backends.dummy.DummyCache": "keeps nothing",
}


def check_middleware(**kwargs: Any) -> Iterator[CheckMessage]:
    for path in settings.MIDDLEWARE:
        if SUSPECTS.search(path) and (problem := holds_back(path)):
            yield Warning(
                f"The middleware {path} {problem}: answers would come all at once, at the end.",
                hint="Let it leave alone responses that are streaming, or whose Content-Type is "
                "text/event-stream; or take it out of MIDDLEWARE.",
                id="sitechat.W005",
            )


def holds_back(path: str) -> str | None:
    """What a middleware does to a stream of events, where that is not nothing."""
    from django.test import RequestFactory

    sent: list[bytes] = []

    def events() -> Iterator[bytes]:
        for event in (b": open\n\n", b"data: [DONE]\n\n"):
            sent.append(event)
            yield event

    def view(request: HttpRequest) -> HttpResponseBase:
        headers = {"Content-Encoding": "identity", "Cache-Control": "no-cache"}
        return StreamingHttpResponse(events(), content_type="text/event-stream", headers=headers)

    request = RequestFactory().post("/chat/", headers={"Accept-Encoding": "gzip, br, zstd"})
    try:
        response = import_string(path)(view)(request)
        if not getattr(response, "streaming", False):
            return "makes one piece of a stream"
        if sent:
            return "reads a stream before it is sent"
        if response.headers.get("Content-Encoding") != "identity":
            return "compresses a stream that says that it must not be"
    except Exception:
        # It needs more of a request than this one has: then nothing is known.
        return None
    return None


def check_session_engine(**kwargs: Any) -> Iterator[CheckMessage]:
    engine = settings.SESSION_ENGINE
    if not engine.endswith((".cache", ".cached_db")):
        return
    backend = settings.CACHES.get(settings.SESSION_CACHE_ALIAS, {}).get("BACKEND", "")
    if backend in PER_PROCESS:
        yield Warning(
            f"Sessions are kept in a cache that {PER_PROCESS[backend]} ({backend}): visitors lose "
            "their conversation when another worker answers.",
            hint="Use a shared cache (Redis or Memcached), or "
            'SESSION_ENGINE = "django.contrib.sessions.backends.db".',
            id="sitechat.W006",
        )


def check_debug(**kwargs: Any) -> Iterator[CheckMessage]:
    if settings.DEBUG:
        yield Warning(
            "DEBUG is on: error pages show settings and what visitors wrote, and every query of "
            "the chat is kept in memory.",
            hint="Set DEBUG = False on a server.",
            id="sitechat.W011",
        )


def check_gunicorn(**kwargs: Any) -> Iterator[CheckMessage]:
    found = gunicorn_options()
    if found is None:
        return
    worker, threads = str(found.get("worker_class", "sync")), found.get("threads", 1)
    if worker in {"sync", "gthread"} and isinstance(threads, int) and threads < LEAST_THREADS:
        yield Warning(
            f"gunicorn runs {threads} thread{'s' * (threads != 1)} in each worker: an answer that "
            "streams takes one for as long as it is being written.",
            hint="Run gunicorn with --worker-class gthread --threads 8, or an ASGI worker.",
            id="sitechat.W004",
        )
    if worker in {"gevent", "eventlet"}:
        yield Warning(
            f"gunicorn's {worker} workers replace threads, and the chat can't run on theirs: it "
            "answers 503.",
            hint="Run gunicorn with --worker-class gthread --threads 8, or an ASGI worker.",
            id="sitechat.W008",
        )


def gunicorn_options() -> Mapping[str, Any] | None:
    """Gunicorn's options, from where it reads them: ./gunicorn.conf.py and GUNICORN_CMD_ARGS.

    None where neither is there, or the latter can't be read: how the server is called is then
    not known.
    """
    arguments = os.environ.get("GUNICORN_CMD_ARGS")
    file = Path("gunicorn.conf.py")
    if arguments is None and not file.is_file():
        return None
    options: dict[str, Any] = {}
    if file.is_file():
        options.update(_assigned(file))
    try:
        words = shlex.split((arguments or "").replace("=", " "))
    except ValueError:  # gunicorn says so itself, and does not start
        return None
    for name, value in pairwise(words):
        if name == "--threads" and value.isdecimal():
            options["threads"] = int(value)
        if name in {"--worker-class", "-k"}:
            options["worker_class"] = value
    return options


def _assigned(file: Path) -> Iterator[tuple[str, Any]]:
    """The names that a file sets to plain values."""
    try:
        tree = ast.parse(file.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, UnicodeDecodeError):
        return
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    yield target.id, node.value.value
