"""Admit or refuse calls before Django handles them, on sites with `ChatMiddleware`.

Under ASGI, Django uses a thread for each request before it calls any middleware, and more threads
for an error. So refusing a call inside Django takes milliseconds, and if hundreds of calls arrive
at once, the site's other pages have to wait. `EarlyAdmission` gets the requests before Django. It
refuses messages for which `turn_queue` has no room, and calls that exceed CHAT_READ_LIMITS.

Under WSGI, `refuse_call` refuses calls that exceed CHAT_READ_LIMITS before the site's other
middleware is called.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from io import BytesIO
from typing import Any

from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest, HttpResponseBase

from sitechat.errors import ChatError
from sitechat.http import turn_queue
from sitechat.http.chat_paths import is_message, is_read
from sitechat.http.dispatch import with_common_headers
from sitechat.http.error_responses import refusal
from sitechat.http.page_language import page_language
from sitechat.http.read_limits import early_refusal
from sitechat.http.refusal_delay import brake

MAX_BODY = 131_072
"""Maximum bytes of a message that waits in memory. A larger message waits in the view."""

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[Mapping[str, Any]], Awaitable[None]]


def _kind(scope: Mapping[str, Any]) -> str | None:
    """Return the kind of a call for `check_call`; None if only the view counts the call."""
    if is_message(scope):
        return "messages"
    return "reads" if is_read(scope) else None


def refuse_call(request: HttpRequest) -> HttpResponseBase | None:
    """Return a refusal if a message or read under WSGI exceeds CHAT_READ_LIMITS; else None."""
    kind = _kind({"method": request.method, "path": request.path_info})
    if kind is None:
        return None
    error = early_refusal(request, kind)
    return None if error is None else _response(request, error)


def _response(request: HttpRequest, error: ChatError) -> HttpResponseBase:
    """Return the response that the view would send for an error, in the language of the page."""
    with page_language(request) as language:
        return with_common_headers(request, refusal(error), language)


def put_before(handler: ASGIHandler) -> None:
    """Put early admission before an ASGI handler. A second call for the handler does nothing."""
    if not isinstance(getattr(handler.handle, "__self__", None), EarlyAdmission):
        setattr(handler, "handle", EarlyAdmission(handler).handle)  # noqa: B010 - mypy forbids "="


class EarlyAdmission:
    """Early admission of the requests of one ASGI handler."""

    def __init__(self, handler: ASGIHandler) -> None:
        self._handler = handler
        self._handle = handler.handle

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request: pass it on to Django, or refuse it."""
        kind = _kind(scope)
        if kind is not None and await self._refused_call(scope, kind, receive, send):
            return
        if kind == "messages":
            await self._admit(scope, receive, send)
        else:
            await self._handle(scope, receive, send)

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a message on to Django as soon as the queue admits it, or refuse it."""
        body = Body(receive)
        # Read the body first, so that a client that sends it slowly takes no place in the queue.
        if not await body.read_all():
            await self._handle(scope, body.receive, send)
            return
        try:
            ticket = await turn_queue.process_queue().enter()
        except turn_queue.NoRoom as error:
            if not await self._refused(scope, error, send):
                await self._handle(scope, body.receive, send)
            return
        scope[turn_queue.TICKET] = ticket
        try:
            await self._handle(scope, body.receive, send)
        finally:
            ticket.leave()

    async def _refused_call(self, scope: Scope, kind: str, receive: Receive, send: Send) -> bool:
        """Refuse a call that exceeds CHAT_READ_LIMITS. Return whether it was refused."""
        request = self._request(scope)
        error = None if request is None else early_refusal(request, kind)
        if error is None:
            return False
        await brake().hold_back(scope, receive)
        return await self._refused(scope, error, send)

    async def _refused(self, scope: Scope, error: ChatError, send: Send) -> bool:
        """Send an error. Return False if the request is invalid, so that Django must refuse it."""
        request = self._request(scope)
        if request is None:
            return False
        await self._handler.send_response(_response(request, error), send)
        return True

    def _request(self, scope: Scope) -> HttpRequest | None:
        """Return the request without its body; None if it is invalid."""
        return self._handler.create_request(scope, BytesIO())[0]


class Body:
    """The body of a request. After it was read here, Django can still receive it."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._received: deque[Mapping[str, Any]] = deque()

    async def read_all(self) -> bool:
        """Read the body. Return False if it is too large, or if the client has disconnected."""
        size = 0
        while size <= MAX_BODY:
            message = await self._receive()
            self._received.append(message)
            if message["type"] != "http.request":
                return False
            size += len(message.get("body", b""))
            if not message.get("more_body", False):
                return True
        return False

    async def receive(self) -> Mapping[str, Any]:
        """Return the next message from the server."""
        return self._received.popleft() if self._received else await self._receive()
