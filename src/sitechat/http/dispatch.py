"""Choose the handler of a request, and answer its errors with `error_responses`.

Each URL has an async view for ASGI and a sync view for WSGI. Both run the same handlers.
`sitechat.urls` lists the URLs, and `lazy_patterns` chooses the view for the server.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from http import HTTPStatus
from typing import Any, cast

from asgiref.sync import async_to_sync
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import patch_vary_headers

from sitechat.errors import MethodNotAllowed
from sitechat.http import cors, middleware_queue, read_queue
from sitechat.http.error_responses import error_response
from sitechat.http.page_language import page_language
from sitechat.http.read_limits import TooManyCalls
from sitechat.http.refusal_delay import brake
from sitechat.runtime.request_steps import RequestSteps, run_inline, steps_for

Handler = Callable[..., Coroutine[Any, Any, HttpResponseBase]]
"""A coroutine function with the signature `async def handler(request, steps, **kwargs)`."""

View = Callable[..., HttpResponseBase]


def endpoint(**by_method: Handler) -> View:
    """Return a view that answers each HTTP method with a handler.

    This is the view for WSGI. Its attribute `for_asgi` is the view for ASGI. Neither requires a
    CSRF token, because `request_origins` checks which page sent a request. So pages with the widget
    set no cookie and can be cached.

    Args:
        by_method: The handlers by HTTP method, such as `GET`. The handler of GET also answers HEAD.
            The response to other methods is 405, except to OPTIONS in a CORS preflight.
    """
    if "GET" in by_method:
        by_method = {"GET": by_method["GET"], "HEAD": by_method["GET"], **by_method}

    async def for_asgi(request: HttpRequest, **kwargs: str) -> HttpResponseBase:
        middleware_queue.leave(request)
        return await _answer(by_method, request, steps_for(request), kwargs)

    def view(request: HttpRequest, **kwargs: str) -> HttpResponseBase:
        if isinstance(request, ASGIRequest):  # the site's own URL pattern has chosen this view
            response: HttpResponseBase = async_to_sync(for_asgi)(request, **kwargs)
            return response
        return run_inline(_answer(by_method, request, steps_for(request), kwargs))

    # Django 4.2's `csrf_exempt` would turn an async view into a sync function.
    for exempt in (view, for_asgi):
        setattr(exempt, "csrf_exempt", True)  # noqa: B010 - mypy knows no attributes of functions
    setattr(view, "for_asgi", for_asgi)  # noqa: B010
    return view


def varying_by_accept(handler: Handler) -> Handler:
    """Return a handler whose responses say that they depend on the header `Accept`."""

    @wraps(handler)
    async def varying(request: HttpRequest, steps: RequestSteps, **kwargs: str) -> HttpResponseBase:
        response = await handler(request, steps, **kwargs)
        patch_vary_headers(response, ["Accept"])
        return response

    return varying


async def _answer(
    by_method: dict[str, Handler], request: HttpRequest, steps: RequestSteps, kwargs: dict[str, str]
) -> HttpResponseBase:
    """Return the response of the handler, its error as JSON, or the answer to a CORS preflight."""
    if (preflight := cors.preflight_response(request)) is not None:
        return preflight
    with page_language(request) as language:
        await steps.release_thread()
        handler = by_method.get(request.method or "")
        try:
            if handler is None:
                raise MethodNotAllowed
            try:
                response = await handler(request, steps, **kwargs)
            finally:
                read_queue.leave(request)
        except Exception as error:
            if isinstance(request, ASGIRequest) and isinstance(error, TooManyCalls):
                await brake().hold_back(cast("dict[str, Any]", request.scope))
            response = await error_response(request, steps, error)
            if handler is None:
                response["Allow"] = ", ".join(by_method)
    return with_common_headers(request, response, language)


def with_common_headers(
    request: HttpRequest, response: HttpResponseBase, language: str | None
) -> HttpResponseBase:
    """Add the headers that all responses of the chat have, and return the response.

    Args:
        request: The request.
        response: The response, which is changed.
        language: The language that the request names; None if it names no supported language.
    """
    if language is not None:
        response.headers.setdefault("Content-Language", language)
    if not response.streaming:
        response["Cache-Control"] = "private, no-store"
        if response.status_code == HTTPStatus.NO_CONTENT:
            del response["Content-Type"]
        if request.method == "HEAD" and isinstance(response, HttpResponse):
            # CommonMiddleware would set the length of the empty content.
            response["Content-Length"] = str(len(response.content))
            response.content = b""
    cors.add_cors_headers(request, response)
    return response
