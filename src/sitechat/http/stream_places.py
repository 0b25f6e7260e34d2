"""Room for the streams of a process, taken by one request."""

from __future__ import annotations

from functools import partial

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest

from sitechat.errors import Overloaded
from sitechat.http import read_limits, sse
from sitechat.runtime import servers
from sitechat.runtime.stream_slots import StreamSlot, max_streams, take_slot


class StreamPlace:
    """Room for the stream of one request; a step takes it, and the request's end releases it."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self._given_up = False
        self.place: StreamSlot | None = None

    def take(self) -> None:
        """Take room for the stream, or none if the visitor polls. Raise Overloaded."""
        polls = "respond-async" in tokens(self._request.headers.get("Prefer", ""))
        self.place = take_slot(
            max_streams(
                server_of(self._request), on_loop=on_server_loop(self._request), polls=polls
            )
        )
        if self._given_up:
            self.release()
        if self.place is None and not polls:
            raise Overloaded(retry_after=sse.RETRY_AFTER)

    def follow(self, reply: str, address: str) -> None:
        """Take room for one more reader of a reply. Raise RateLimited if it has too many."""
        self.take()
        if self.place is not None:
            followers = read_limits.followers()
            followers.enter(reply, address)
            self.place.at_release(partial(followers.leave, reply, address))

    def release(self) -> None:
        """Give the room back; a step that still runs takes none any more."""
        self._given_up = True
        if self.place is not None:
            self.place.release()
            self.place = None


def tokens(header: str) -> set[str]:
    """Return the values of a list header, without their parameters, in lower case."""
    return {entry.partition(";")[0].strip().lower() for entry in header.split(",")}


def server_of(request: HttpRequest) -> servers.Server:
    """Return the server that serves a request."""
    return servers.current_server(None if on_server_loop(request) else request.META)


def on_server_loop(request: HttpRequest) -> bool:
    """Return whether the server has an event loop, that is under ASGI."""
    return isinstance(request, ASGIRequest)
