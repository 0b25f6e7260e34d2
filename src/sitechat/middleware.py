"""A middleware that keeps the site's other pages fast while many visitors use the chat."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from typing import Any, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from sitechat.errors import ChatError, Overloaded
from sitechat.http import entrance, gate
from sitechat.http.chat_paths import chat_paths
from sitechat.http.dispatch import finished, refusal
from sitechat.http.page_language import page_language
from sitechat.http.read_limits import TooManyReads, brake, check_call
from sitechat.runtime.threads import let_request_thread_go


class _SyncUnderWsgi:
    """The attribute `sync_capable` of the middleware: True under WSGI, False under ASGI.

    If it were True under ASGI too, Django would call the middleware on a thread whenever the next
    one is sync. Django has no public way to declare this, so the descriptor reads a local variable
    of `BaseHandler.load_middleware`.
    """

    def __get__(self, instance: object, owner: type) -> bool:
        caller = sys._getframe(1)
        return not (caller.f_code.co_name == "load_middleware" and caller.f_locals.get("is_async"))


class ChatMiddleware:
    """Refuse messages and reads that the process has no room for, before other middleware runs.

    Put it first in MIDDLEWARE. It has an effect only under ASGI. There, Django's own middleware
    uses a thread for each request, so thousands of chat requests would delay other pages even if
    the view refused them. Under WSGI the server's threads are the limit, and the middleware passes
    every request on.
    """

    sync_capable = _SyncUnderWsgi()
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        """Pass the request on; under ASGI, delay or refuse messages that exceed the limits."""
        if self._is_async and request.path_info in chat_paths():
            if request.method == "POST":
                return self._admit(request)
            if request.method in {"GET", "HEAD"}:
                return self._count(request)
        return cast("HttpResponseBase | Awaitable[HttpResponseBase]", self.get_response(request))

    async def _admit(self, request: HttpRequest) -> HttpResponseBase:
        """Wait for the request's turn, or refuse it."""
        entrance.leave(request)
        entry = gate.gate()
        if entry.has_queue:
            # The thread that Django keeps for the request must not wait too.
            let_request_thread_go()
        try:
            ticket = await entry.enter()
        except Overloaded as error:
            return _refuse(request, error)
        setattr(request, gate.ATTRIBUTE, ticket)
        try:
            return cast("HttpResponseBase", await self.get_response(request))
        finally:
            ticket.leave()

    async def _count(self, request: HttpRequest) -> HttpResponseBase:
        """Pass on a request for a conversation, unless its visitor makes too many."""
        try:
            check_call(request, "reads")
        except TooManyReads as error:
            let_request_thread_go()  # nothing has used it yet
            await brake().hold_back()
            return _refuse(request, error)
        return cast("HttpResponseBase", await self.get_response(request))


def _refuse(request: HttpRequest, error: ChatError) -> HttpResponseBase:
    with page_language(request) as language:
        return finished(request, refusal(error), language)
