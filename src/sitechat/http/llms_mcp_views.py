"""Views for other programs: llms.txt, llms-full.txt and a Model Context Protocol endpoint.

They show only public pages, even to signed-in users, and set no cookie.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any

from django.apps import apps
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from sitechat.errors import ForbiddenOrigin, InvalidRequest
from sitechat.http.client_address import network_of
from sitechat.http.request_origins import check_origin
from sitechat.http.request_parsing import BodyTooLong, read_body
from sitechat.knowledge import machines
from sitechat.knowledge.searching.links import current_links
from sitechat.runtime import address_rates
from sitechat.runtime.address_rates import Rate

LIMIT = 60
"""Maximum requests of one address per minute."""

MAX_BODY_LENGTH = 100_000
"""Maximum size of a message or batch in bytes."""

View = Callable[[HttpRequest], HttpResponse]


def _limited(view: View) -> View:
    """Return a view that refuses requests of an address that exceed the limit."""

    @wraps(view)
    def limited(request: HttpRequest) -> HttpResponse:
        return _over_limit(request) or view(request)

    return limited


def _over_limit(request: HttpRequest) -> HttpResponse | None:
    """Count a request. Return a refusal if it exceeds the limit or can't be counted; else None."""
    rate = address_rates.count_request("machines", network_of(request), LIMIT, 60)
    if rate is Rate.EXCEEDED:
        return _refusal(429, "Too many requests.\n")
    if rate is Rate.UNKNOWN:
        return _refusal(503, "Requests can't be counted at present.\n")
    return None


def _refusal(status: int, text: str) -> HttpResponse:
    return HttpResponse(
        text,
        status=status,
        headers={"Retry-After": "60"},
        content_type="text/plain; charset=utf-8",
    )


@require_safe
@_limited
def llms(request: HttpRequest) -> HttpResponse:
    """Return llms.txt: the list of the site's public pages."""
    return _text(machines.list_of_pages(_name(request), _link(request)))


@require_safe
@_limited
def llms_full(request: HttpRequest) -> HttpResponse:
    """Return llms-full.txt: the text of the site's public pages."""
    return _text(machines.full_text(_name(request), _link(request)))


@csrf_exempt
@_limited
def mcp(request: HttpRequest) -> HttpResponse:
    """Answer one message of the Model Context Protocol or, in version 2025-03-26, a batch.

    The response to a message that needs no answer is 202. Errors of the protocol are JSON in a
    response with status 200, or 400 if the body is not a message.
    """
    try:
        check_origin(request)
    except ForbiddenOrigin as error:
        return JsonResponse(error.as_dict(), status=403)
    if request.method != "POST":  # there are no streams to follow and no sessions to end
        return HttpResponse(status=405, headers={"Allow": "POST"})
    if request.content_type != "application/json":
        return HttpResponse(status=415)
    protocol = request.headers.get("MCP-Protocol-Version", machines.BATCH_VERSION)
    if protocol not in machines.VERSIONS:
        versions = ", ".join(machines.VERSIONS)
        message = f"MCP-Protocol-Version must be one of {versions}."
        return JsonResponse({"error": {"message": message}}, status=400)
    try:
        body = read_body(request, MAX_BODY_LENGTH)
    except BodyTooLong:
        return HttpResponse(status=413)
    except InvalidRequest as error:
        return JsonResponse(error.as_dict(), status=400)
    message = _parsed(body)
    if isinstance(message, list) and message and protocol == machines.BATCH_VERSION:
        return _batch(request, message)
    answer = machines.answer(message, _name(request), _link(request))
    if answer is None:
        return HttpResponse(status=202)
    # An error without an id means that the body is no message of the protocol.
    is_invalid = answer.get("id") is None and "error" in answer
    return JsonResponse(
        answer, status=400 if is_invalid else 200, headers={"Cache-Control": "no-store"}
    )


def _batch(request: HttpRequest, messages: list[Any]) -> HttpResponse:
    """Answer a batch. Each of its messages counts as a request in the limit."""
    if len(messages) > machines.MAX_BATCH:
        return HttpResponse(status=413)
    for _message in messages[1:]:
        if (refusal := _over_limit(request)) is not None:
            return refusal
    answers = machines.answer_batch(messages, _name(request), _link(request))
    if answers is None:
        return HttpResponse(status=202)
    return JsonResponse(answers, safe=False, headers={"Cache-Control": "no-store"})


def _parsed(body: bytes) -> Any:
    """Return the JSON value of a body; None if the body is `null` or not valid JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _text(text: str) -> HttpResponse:
    return HttpResponse(
        text,
        content_type="text/plain; charset=utf-8",
        headers={"Cache-Control": "public, max-age=300"},
    )


def _name(request: HttpRequest) -> str:
    """Return the name of the site from the sites framework, or else the host of the request.

    The framework may not be installed, or may have no row for SITE_ID or for the host.
    """
    if apps.is_installed("django.contrib.sites"):
        from django.contrib.sites.models import Site
        from django.contrib.sites.shortcuts import get_current_site

        with suppress(Site.DoesNotExist):
            return str(get_current_site(request).name) or request.get_host()
    return request.get_host()


def _link(request: HttpRequest) -> Callable[[str], str]:
    """Return a function that makes the address of a page absolute."""
    links = current_links()
    return lambda url: request.build_absolute_uri(links.link_to(url) if url[:1] == "/" else url)
