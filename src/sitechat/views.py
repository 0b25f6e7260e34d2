"""HTTP only: read the request, admit it, start or find a reply, follow it.

One sync view serves WSGI and ASGI alike: it hands a sync iterator to the one and an async
iterator to the other, so that guarding and database work are written once.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from functools import partial

from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.core.handlers.asgi import ASGIRequest
from django.core.signals import got_request_exception
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from sitechat import (
    bookkeeping,
    claude,
    guard,
    parsing,
    primary,
    replies,
    servers,
    standing,
    stream,
    turns,
    visitors,
)
from sitechat.conf import conf
from sitechat.errors import (
    ChatError,
    InvalidRequest,
    MethodNotAllowed,
    NotAllowed,
    NotConfigured,
    NotFound,
    Overloaded,
    ServerError,
)
from sitechat.ledger import get_ledger
from sitechat.models import Message, Status

logger = logging.getLogger("sitechat.views")

View = Callable[..., HttpResponseBase]


def endpoint(**by_method: View) -> View:
    """A view that answers each HTTP method with a function, and every failure with JSON.

    It takes no CSRF token: the guard judges where a request comes from, so that pages with the
    widget set no cookie and can be cached. It is no part of ATOMIC_REQUESTS: the engine must
    see a reply's rows before the response has been sent.
    """

    @csrf_exempt
    @transaction.non_atomic_requests
    def view(request: HttpRequest, **kwargs: str) -> HttpResponseBase:
        try:
            answer = by_method.get(request.method or "")
            if answer is None:
                raise MethodNotAllowed
            response = answer(request, **kwargs)
        except ChatError as error:
            response = refusal(error)
            if isinstance(error, MethodNotAllowed):
                response["Allow"] = ", ".join(by_method)
        except PermissionDenied:
            response = refusal(NotAllowed())
        except Http404:
            response = refusal(NotFound())
        except (SuspiciousOperation, BadRequest):
            response = refusal(InvalidRequest())
        except Exception:
            # As Django does, but in the form that clients of this endpoint read.
            ref = secrets.token_hex(4)
            logger.exception("A request failed, ref %s", ref, extra={"ref": ref})
            got_request_exception.send(sender=None, request=request)
            response = refusal(ServerError(ref=ref), status=500)
        if not response.streaming:
            response["Cache-Control"] = "private, no-store"
            if request.method == "HEAD" and isinstance(response, HttpResponse):
                response.content = b""
        return response

    return view


def refusal(error: ChatError, status: int | None = None) -> HttpResponse:
    response = JsonResponse(error.as_dict(), status=status or error.status)
    if error.retry_after is not None:
        response["Retry-After"] = str(error.retry_after)
    return response


def _send(request: HttpRequest) -> HttpResponseBase:
    if not primary.in_transaction():  # a test's transaction has one thread
        claude.warm_up()
    ask = guard.admit(request)
    found = standing.look(request, ask)
    known = turns.taken_before(request, ask, found)
    server = _server(request)
    if known is not None:
        place = None if known.reply.finished else _place(request, server)
        return _follow(request, known, place)
    guard.check_ready()
    if server.problem:
        logger.error("No reply can run on %s: %s", server.name, server.problem)
        raise NotConfigured
    place = _place(request, server)
    try:
        taken = turns.take(request, ask, found, on_server_loop=_on_server_loop(request))
    except BaseException:
        if place is not None:
            place.release()
        raise
    return _follow(request, taken, place)


def _show(request: HttpRequest) -> HttpResponse:
    bot = parsing.find_bot(request.GET.get("bot"))
    claude.warm_up()
    conversation = replies.find_conversation(request, bot.name)
    messages = replies.history(request, conversation) if conversation else []
    running = next((m["id"] for m in messages if m["status"] == Status.RUNNING), None)
    return JsonResponse(
        {
            "conversation": str(conversation.pk) if conversation else None,
            "messages": messages,
            "running": running,
            "greeting": str(conf.CHAT_WIDGET.get("greeting", "")),
            "suggestions": [str(text) for text in conf.CHAT_WIDGET.get("suggestions", ())],
            "limits": get_ledger().left(visitors.identify(request)),
        }
    )


def _forget(request: HttpRequest) -> HttpResponse:
    guard.check_source(request)
    replies.forget(request, parsing.find_bot(request.GET.get("bot")).name)
    return HttpResponse(status=204)


def _reply(request: HttpRequest, reply_id: str) -> HttpResponseBase:
    row = _find(request, reply_id)
    after = parsing.read_after(request)
    accepts = _tokens(request.headers.get("Accept", ""))
    if "application/json" in accepts and "text/event-stream" not in accepts:
        return JsonResponse(replies.present(request, row).as_dict(after))
    found = replies.followed(request, row)
    place = None if found.reply.finished else _place(request, _server(request))
    return _follow(request, found, place, after)


def _stop(request: HttpRequest, reply_id: str) -> HttpResponse:
    guard.check_source(request)
    row = _find(request, reply_id)
    replies.stop(row, parsing.read_stop(request))
    row.refresh_from_db()
    return JsonResponse(replies.present(request, row).as_dict())


def _rate(request: HttpRequest, reply_id: str) -> HttpResponse:
    guard.check_source(request)
    row = _find(request, reply_id)
    given = parsing.read_rating(request)
    Message.objects.filter(pk=row.pk).update(**given)
    return JsonResponse({"reply": str(row.pk), "rating": given["rating"]})


def _find(request: HttpRequest, reply_id: str) -> Message:
    """The visitor's reply; where `?bot=` names a bot, only in the conversation with it."""
    name = request.GET.get("bot")
    bot = None if name is None else parsing.find_bot(name).name
    return replies.find_reply(request, reply_id, bot)


def _tokens(header: str) -> set[str]:
    """The values of a header that lists them, without their parameters, in lower case."""
    return {entry.partition(";")[0].strip().lower() for entry in header.split(",")}


def _follow(
    request: HttpRequest, found: replies.Followed, place: servers.Place | None, after: int = 0
) -> HttpResponseBase:
    """The reply as a stream; where there is no place for one, where it is to be polled."""
    reply = found.reply
    if place is None and not reply.finished:
        response = JsonResponse({"reply": reply.id, "message": reply.message_id}, status=202)
        response["Preference-Applied"] = "respond-async"
        return response
    follower = stream.AsyncFollower if _on_server_loop(request) else stream.SyncFollower
    if not request.session.modified:
        # One that is yet to be saved needs the connection; then the follower releases it.
        bookkeeping.release_connections()
    return stream.response(
        follower(
            reply,
            after=after,
            live=found.live,
            reload=partial(replies.reload, reply),
            place=place,
            longest=_server(request).longest,
        )
    )


def _place(request: HttpRequest, server: servers.Server) -> servers.Place | None:
    """Room for the request's stream; None where the visitor is to poll. Raises Overloaded."""
    polls = "respond-async" in _tokens(request.headers.get("Prefer", ""))
    place = servers.take_place(
        servers.most_streams(server, on_loop=_on_server_loop(request), polls=polls)
    )
    if place is None and not polls:
        raise Overloaded(retry_after=stream.RETRY_AFTER)
    return place


def _server(request: HttpRequest) -> servers.Server:
    return servers.current_server(None if _on_server_loop(request) else request.META)


def _on_server_loop(request: HttpRequest) -> bool:
    return isinstance(request, ASGIRequest)


chat = endpoint(GET=_show, HEAD=_show, POST=_send, DELETE=_forget)
reply = endpoint(GET=_reply)
stop = endpoint(POST=_stop)
rating = endpoint(POST=_rate)
