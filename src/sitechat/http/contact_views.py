"""The endpoint of the contact form."""

from __future__ import annotations

from functools import partial

from django.http import HttpRequest, HttpResponseBase, JsonResponse

from sitechat.chatbot import find_bot
from sitechat.conversations import edited_bot_texts, own_conversations
from sitechat.errors import NotFound
from sitechat.http import (
    admission,
    read_limits,
    request_parsing,
    session_data,
    session_saving,
    visit_reader,
)
from sitechat.http.admin_links import admin_link
from sitechat.http.dispatch import endpoint
from sitechat.http.request_origins import check_origin
from sitechat.people import contact_requests
from sitechat.people.contact_form import ContactEntries, current_form, parse_contact
from sitechat.runtime.request_steps import RequestSteps


async def _submit(request: HttpRequest, steps: RequestSteps) -> HttpResponseBase:
    """Store what a visitor has entered in the contact form, and respond with 201."""
    check_origin(request)
    read_limits.check_call(request, "actions")
    bot = find_bot(request.GET.get("bot"))
    form = current_form()
    if form is None or not edited_bot_texts.cached_texts(bot.name).offers_contact:
        raise NotFound
    entries = parse_contact(
        form, request_parsing.read_json(request), request_parsing.read_referer(request)
    )
    await admission.check_allowed(bot, request, steps)
    await steps.run(partial(_store, request, bot.name, entries))
    return JsonResponse({"received": True}, status=201)


def _store(request: HttpRequest, bot: str, entries: ContactEntries) -> None:
    """Store a contact request, and record in the session that there is one."""
    visit = visit_reader.read_visit(request)
    conversation = own_conversations.find(visit, bot, request.GET.get("conversation"))
    contact = contact_requests.submit(
        visit,
        bot,
        entries,
        conversation,
        has_sent=session_data.has_left_contact(request),
        admin_url=lambda contact: admin_link(request, "sitechat_contact_change", contact.pk),
    )
    session_data.remember_visitor(request, visit)
    session_data.remember_contact(request, contact)
    session_saving.save(request)


contact = endpoint(POST=_submit)
