"""The endpoint by which a visitor accepts the text of CHAT_CONSENT."""

from __future__ import annotations

from functools import partial

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from sitechat.chatbot import find_bot
from sitechat.conversations import consent
from sitechat.http import admission, read_limits, requests, session_data, sessions, visits
from sitechat.http.dispatch import endpoint
from sitechat.runtime.steps import RequestSteps


async def _accept(request: HttpRequest, steps: RequestSteps) -> HttpResponseBase:
    admission.check_source(request)
    read_limits.check_call(request, "actions")
    text = requests.read_consent(request)
    await admission.check_allowed(find_bot(request.GET.get("bot")), request, steps)
    await steps.run(partial(_record, request, text))
    return HttpResponse(status=204)


def _record(request: HttpRequest, text: str | None) -> None:
    visit = visits.read_visit(request)
    if consent.record(visit, text):
        session_data.remember_visitor(request, visit)
        sessions.save(request)


consent_given = endpoint(POST=_accept)
