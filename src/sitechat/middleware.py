"""A middleware that keeps the site's other pages fast while many visitors use the chat."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.core.exceptions import MiddlewareNotUsed
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest, HttpResponseBase

from sitechat.http import early_admission


class ChatMiddleware:
    """Refuse chat requests that exceed the process's limits, before Django handles them.

    Put it first in MIDDLEWARE. Under ASGI, Django uses a thread for each request, so thousands of
    chat requests would delay other pages even if the view refused them. Therefore the constructor
    changes the ASGI handler that loads this middleware, and Django never calls the middleware.

    Under WSGI, the number of the server's threads limits the requests. This middleware then refuses
    calls that exceed CHAT_READ_LIMITS before the rest of the site's middleware is called.
    """

    async_capable = True

    def __init__(self, get_response: Callable[..., Any]) -> None:
        handler = _loading_handler()
        if handler is not None:
            early_admission.put_before(handler)
        if handler is not None or iscoroutinefunction(get_response):
            raise MiddlewareNotUsed("ChatMiddleware works in the ASGI handler instead.")
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Handle a request under WSGI: pass it on, or refuse it."""
        refusal = early_admission.refuse_call(request)
        if refusal is not None:
            return refusal
        response: HttpResponseBase = self._get_response(request)
        return response


def _loading_handler() -> ASGIHandler | None:
    """Return the ASGI handler that is loading its middleware; None under WSGI.

    Django has no public way to get the handler, so this reads a variable of `load_middleware`.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        handler = frame.f_locals.get("self")
        if frame.f_code.co_name == "load_middleware" and isinstance(handler, ASGIHandler):
            return handler
        frame = frame.f_back
    return None
