"""The endpoint by which a visitor accepts the text of CHAT_CONSENT."""

from __future__ import annotations

from functools import partial

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from sitechat.chatbot import find_bot
from sitechat.conversations import consent
from sitechat.http import (
    admission,
    read_limits,
    request_parsing,
    session_data,
    session_saving,
    visit_reader,
)
from sitechat.http.dispatch import endpoint
from sitechat.http.request_origins import check_origin
from sitechat.runtime.request_steps import RequestSteps


async def _accept(request: HttpRequest, steps: RequestSteps) -> HttpResponseBase:
    """Record that the visitor accepts the text, and respond with 204."""
    check_origin(request)
    read_limits.check_call(request, "actions")
    text = request_parsing.read_consent(request)
    await admission.check_allowed(find_bot(request.GET.get("bot")), request, steps)
    await steps.run(partial(_record, request, text))
    return HttpResponse(status=204)


def _record(request: HttpRequest, text: str | None) -> None:
    """Store the consent, and the visitor's identity in the session.

    Do nothing if the site does not ask for consent.

    Raises:
        Conflict: The text has changed since the visitor saw it.
    """
    visit = visit_reader.read_visit(request)
    if consent.record(visit, text):
        session_data.remember_visitor(request, visit)
        session_saving.save(request)


consent_given = endpoint(POST=_accept)
