"""URL patterns whose views are imported with the first request.

Every process that resolves or reverses a URL imports the URLconf, including `manage.py check` and
workers of task queues. The views need most of the package, so the URLconf only names them. The
attributes that Django reads before it calls a view, such as `csrf_exempt`, need no import.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import cache, wraps
from typing import Any

from django.db import connections, transaction
from django.http import HttpRequest, HttpResponseBase
from django.urls import ResolverMatch, URLPattern, path
from django.utils.module_loading import import_string

View = Callable[..., HttpResponseBase]


@cache
def deferred_view(name: str) -> View:
    """Return a view that imports the real view when it is called.

    It requires no CSRF token, because the real views check the origin of a request, or change
    nothing. So pages with the widget set no cookie and can be cached.

    Args:
        name: The view's module in `sitechat.http` and its name there, such as `"chat_views.chat"`.
    """
    module, _, function = f"{__package__}.{name}".rpartition(".")

    def view(request: HttpRequest, **kwargs: str) -> HttpResponseBase:
        response: HttpResponseBase = _imported(view)(request, **kwargs)
        return response

    view.__module__, view.__name__, view.__qualname__ = module, function, function
    setattr(view, "csrf_exempt", True)  # noqa: B010 - mypy knows no attributes of functions
    return view


@cache
def deferred_endpoint(name: str) -> View:
    """Return a view that imports an `endpoint` of `dispatch` when it is called.

    The returned view is for WSGI. Its attribute `for_asgi` is the view for ASGI.

    Args:
        name: The name of the endpoint, as in `deferred_view`.
    """
    view = deferred_view(name)

    @wraps(view)
    async def for_asgi(request: HttpRequest, **kwargs: str) -> HttpResponseBase:
        response: HttpResponseBase = await _imported(view).for_asgi(request, **kwargs)
        return response

    setattr(view, "for_asgi", for_asgi)  # noqa: B010
    return view


def _imported(view: Any) -> Any:
    """Import and return the real view."""
    return import_string(f"{view.__module__}.{view.__name__}")


class ChatPattern(URLPattern):
    """A URL pattern of the chat, which has one view for WSGI and one for ASGI."""

    def resolve(self, path: str) -> ResolverMatch | None:
        """Return the match of a path, with the view for this server; None if there is no match."""
        match = super().resolve(path)
        if match is not None:
            if _in_event_loop():
                match.func = getattr(match.func, "for_asgi", match.func)
            _exempt_from_transactions(match.func)
        return match


def chat_path(route: str, view: str, name: str) -> ChatPattern:
    """Return a URL pattern of the chat, like `django.urls.path`.

    Args:
        route: The route.
        view: The name of an endpoint, as in `deferred_view`.
        name: The name of the pattern.
    """
    pattern = path(route, deferred_endpoint(view), name=name)
    return ChatPattern(pattern.pattern, pattern.callback, pattern.default_args, pattern.name)


def _in_event_loop() -> bool:
    """Return whether this code runs inside a task, as all of Django does under ASGI.

    A running loop does not prove it: tools such as Playwright leave a loop in a synchronous thread.
    """
    try:
        return asyncio.current_task() is not None
    except RuntimeError:
        return False


def _exempt_from_transactions(view: Callable[..., Any]) -> None:
    """Exclude the view from ATOMIC_REQUESTS on every database.

    The engine must see a reply's rows before the response is sent, and Django does not support
    transactions around async views.
    """
    for alias in connections:
        transaction.non_atomic_requests(using=alias)(view)
