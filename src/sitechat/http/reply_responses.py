"""Respond to a request with a stream if a stream slot is free, or else let the client poll.

`sitechat.http.stream_slots` counts and limits the slots.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponseBase, JsonResponse

from sitechat.conversations.remote_replies import RemoteReply
from sitechat.conversations.replies import ReplyHandle
from sitechat.errors import Overloaded
from sitechat.http import read_limits, retry_after, sse
from sitechat.http.client_address import network_of
from sitechat.http.stream_slots import StreamSlot, max_streams, take_slot
from sitechat.runtime import servers


class RequestStream:
    """The slot of one request, from the decision to stream until the end of the stream.

    A database step takes the slot. The stream's end or an error of the request releases the slot.
    """

    def __init__(self, request: HttpRequest) -> None:
        self._request = request
        self._is_released = False
        self._reader: read_limits.CountedReader | None = None
        self.slot: StreamSlot | None = None
        """The slot; None if no slot was taken, or if no slot is free and the client polls."""

    def take(self) -> None:
        """Take a slot. If no slot is free and the client can poll, `slot` stays None.

        After `follow`, the stream may take only the slots for followers (see `stream_slots`).

        Raises:
            Overloaded: No slot is free, and the client can't poll.
        """
        polls = "respond-async" in header_values(self._request.headers.get("Prefer", ""))
        self.slot = take_slot(
            max_streams(
                server_of(self._request), on_loop=on_server_loop(self._request), polls=polls
            ),
            follows=self._reader is not None,
        )
        if self.slot is not None and self._reader is not None:
            self.slot.at_release(partial(read_limits.followers().leave, self._reader))
        if self._is_released:
            self.release()
        if self.slot is None and not polls:
            raise Overloaded(retry_after=retry_after.NO_STREAM)

    def follow(self, followed: str) -> None:
        """Count one more reader of a reply, or of a conversation's updates. Call before `take`.

        Args:
            followed: The id of the reply, or a name of the conversation.

        Raises:
            TooManyCalls: The reply, the conversation or the reader's address has too many streams.
        """
        self._reader = read_limits.followers().enter(followed, network_of(self._request))

    def respond(self, handle: ReplyHandle, after: int = 0) -> HttpResponseBase:
        """Return the reply as a stream, or 202 with its id for a client that must poll.

        A reply that has ended needs no slot, so it is always a stream.

        Args:
            handle: The reply.
            after: The number of characters of the reply that the reader already has.
        """
        reply = handle.reply
        if self.slot is None:
            self._stop_following()
        if self.slot is None and not reply.finished:
            response = JsonResponse({"reply": reply.id, "message": reply.message_id}, status=202)
            response["Preference-Applied"] = "respond-async"
            return response
        on_loop = on_server_loop(self._request)
        stream_type: type[sse.AsyncReplyStream | sse.SyncReplyStream]
        stream_type = sse.AsyncReplyStream if on_loop else sse.SyncReplyStream
        return sse.stream(
            stream_type(
                reply,
                after=after,
                live=handle.live or (None if reply.finished else RemoteReply(reply)),
                slot=self.slot,
                max_seconds=server_of(self._request).max_stream_seconds,
            )
        )

    def release(self) -> None:
        """Release the slot. If a running step takes a slot later, it is released at once."""
        self._is_released = True
        if self.slot is not None:
            self.slot.release()
            self.slot = None
        self._stop_following()

    def _stop_following(self) -> None:
        if self._reader is not None:
            read_limits.followers().leave(self._reader)


def headers_only(request: HttpRequest) -> HttpResponseBase:
    """Return the response to a HEAD request for a stream."""
    return sse.stream(_AsyncNothing() if on_server_loop(request) else iter(()))


class _AsyncNothing:
    """A stream without content."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        raise StopAsyncIteration


def header_values(header: str) -> set[str]:
    """Return the values of a comma-separated header, without parameters, in lower case."""
    return {entry.partition(";")[0].strip().lower() for entry in header.split(",")}


def server_of(request: HttpRequest) -> servers.Server:
    """Return the server that serves a request."""
    return servers.current_server(None if on_server_loop(request) else request.META)


def on_server_loop(request: HttpRequest) -> bool:
    """Return whether the request came by ASGI, so that its stream runs on the event loop."""
    return isinstance(request, ASGIRequest)
