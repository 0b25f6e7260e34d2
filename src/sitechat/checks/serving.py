"""Check middleware, sessions, DEBUG and gunicorn's options."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

SUSPECTS = re.compile(r"gzip|brotli|zstd|compress|minif|htmlmin|squash|buffer|strip", re.IGNORECASE)
"""Names of middleware that may read or compress responses. Only these are tested."""

MIN_THREADS = 4
"""Minimum threads per WSGI worker. With fewer, a few open streams delay all other pages."""

DUMMY = "django.core.cache.backends.dummy.DummyCache"

NOT_SHARED = {
    "django.core.cache.backends.locmem.LocMemCache": gettext_lazy(
        "keeps its own copy in each worker"
    ),
    DUMMY: gettext_lazy("keeps nothing"),
}
"""Caches that processes do not share, and a clause about what each of them does."""


def check_middleware(**kwargs: Any) -> Iterator[CheckMessage]:
    """W005: a middleware buffers or compresses streams."""
    for path in settings.MIDDLEWARE:
        if SUSPECTS.search(path) and (problem := stream_problem(path)):
            yield Warning(
                _(
                    "The middleware %(path)s %(problem)s: answers would arrive all at once, "
                    "at the end."
                )
                % {"path": path, "problem": problem},
                hint=_(
                    "Make it skip streaming responses or the Content-Type text/event-stream, "
                    "or remove it from MIDDLEWARE."
                ),
                id="sitechat.W005",
            )


def stream_problem(path: str) -> str | None:
    """Send a stream through a middleware, and return what the middleware does wrong.

    Returns:
        A clause with the middleware as its subject; None if the stream is unchanged, or if the test
        is not possible.
    """
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
            return _("turns a stream into a single response")
        if sent:
            return _("reads a stream before it is sent")
        if response.headers.get("Content-Encoding") != "identity":
            return _("compresses a stream with Content-Encoding: identity")
    except Exception:
        # The middleware needs a real request, so it can't be tested here.
        return None
    return None


def check_session_engine(**kwargs: Any) -> Iterator[CheckMessage]:
    """W006: sessions are kept in a cache that is not shared between processes."""
    engine = settings.SESSION_ENGINE
    if not engine.endswith((".cache", ".cached_db")):
        return
    backend = settings.CACHES.get(settings.SESSION_CACHE_ALIAS, {}).get("BACKEND", "")
    # `cached_db` with DummyCache loses nothing: each request reads its session from the database.
    if backend in NOT_SHARED and not (engine.endswith(".cached_db") and backend == DUMMY):
        yield Warning(
            _(
                "Sessions are kept in a cache that %(problem)s (%(backend)s): visitors "
                "can lose their conversation."
            )
            % {"problem": NOT_SHARED[backend], "backend": backend},
            hint=_(
                "Use a shared cache (Redis or Memcached), or SESSION_ENGINE = "
                '"django.contrib.sessions.backends.db".'
            ),
            id="sitechat.W006",
        )


def check_debug(**kwargs: Any) -> Iterator[CheckMessage]:
    """W011: DEBUG is on."""
    if settings.DEBUG:
        yield Warning(
            _(
                "DEBUG is on: error pages show settings and what visitors wrote, and "
                "every query of the chat is kept in memory."
            ),
            hint=_("Set DEBUG = False on a server."),
            id="sitechat.W011",
        )


def check_gunicorn(**kwargs: Any) -> Iterator[CheckMessage]:
    """W004, W008: gunicorn has too few threads, or workers on which the chat can't run."""
    options = gunicorn_options()
    if options is None:
        return
    worker, threads = str(options.get("worker_class", "sync")), options.get("threads", 1)
    if worker in {"sync", "gthread"} and isinstance(threads, int) and threads < MIN_THREADS:
        yield Warning(
            ngettext(
                "gunicorn runs %(count)s thread in each worker: an answer that streams takes one "
                "for as long as it is being written.",
                "gunicorn runs %(count)s threads in each worker: an answer that streams takes one "
                "for as long as it is being written.",
                threads,
            )
            % {"count": threads},
            hint=_("Run gunicorn with --worker-class gthread --threads 8, or an ASGI worker."),
            id="sitechat.W004",
        )
    if worker in {"gevent", "eventlet"}:
        yield Warning(
            _(
                "The chat can't run on gunicorn's %(worker)s workers, which replace "
                "Python's threads: it answers 503."
            )
            % {"worker": worker},
            hint=_("Run gunicorn with --worker-class gthread --threads 8, or an ASGI worker."),
            id="sitechat.W008",
        )


def gunicorn_options() -> Mapping[str, Any] | None:
    """Return `threads` (a number) and `worker_class` from the variable GUNICORN_CMD_ARGS.

    Options on the command line and in gunicorn.conf.py are not read.

    Returns:
        Those of the two options that the variable contains; None if the variable is not set or
        can't be parsed.
    """
    arguments = os.environ.get("GUNICORN_CMD_ARGS")
    if arguments is None:
        return None
    options: dict[str, Any] = {}
    try:
        words = shlex.split(arguments.replace("=", " "))
    except ValueError:  # gunicorn itself would not start
        return None
    for name, value in pairwise(words):
        if name == "--threads" and value.isdecimal():
            options["threads"] = int(value)
        if name in {"--worker-class", "-k"}:
            options["worker_class"] = value
    return options
