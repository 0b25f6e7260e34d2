"""Check that the chat's HTTP calls work through proxies and middleware."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _

from sitechat.conversations import command_signature
from sitechat.models import Asker
from sitechat.reports.doctor.chat_calls import QUESTION, Calls
from sitechat.reports.doctor.deployed_site import SiteResponse
from sitechat.reports.doctor.finding import Finding
from sitechat.reports.doctor.forwarded_headers import (
    examine_address,
    examine_forged_address,
    examine_origins,
)
from sitechat.reports.doctor.page import is_chat
from sitechat.reports.doctor.streams import examine_many, examine_stream


def examine(calls: Calls, streams: int) -> Iterator[Finding]:
    """Examine the calls that cost nothing, then ask one question, then several at the same time.

    Args:
        calls: The calls of the chat.
        streams: The number of questions at the same time. They are asked only if the first question
            was answered.
    """
    before = calls.get()
    yield _reachable(calls, before)
    if not is_chat(before):
        return
    yield from examine_origins(calls)
    yield examine_address(before)
    answer = calls.post(QUESTION, calls.from_own_page)
    yield from examine_stream(answer)
    if answer.status == 200:
        yield _marked(answer)
        yield examine_forged_address(calls)
        calls.forget(answer)
    if streams and answer.status == 200 and answer.arrivals:
        yield examine_many(calls, streams)


def _reachable(calls: Calls, answer: SiteResponse) -> Finding:
    point = _("The chat's calls answer")
    if answer.error and not answer.status:
        return Finding(
            point,
            False,
            f"{calls.url}: {answer.error}",
            answer.cure,
        )
    if is_chat(answer):
        return Finding(
            point,
            True,
            _("%(url)s in %(milliseconds)s ms")
            % {"url": calls.url, "milliseconds": f"{answer.arrivals[0] * 1000:.0f}"},
        )
    advice = {
        "not_configured": _(
            "The site has no key, or `manage.py migrate` has not run: see its log."
        ),
        "overloaded": _("The database or the server is overloaded: see the site's log."),
    }.get(
        answer.code,
        _(
            "Check that the URLconf includes sitechat.urls, and that the proxy passes its "
            "addresses on."
        ),
    )
    seen = f"{answer.status} {answer.code or answer.content_type or '-'}"
    return Finding(point, False, f"{calls.url}: {seen}", advice)


def _marked(answer: SiteResponse) -> Finding:
    """Check that the site recognizes the questions of chat_doctor by their signature."""
    marked = answer.headers.get(command_signature.HEADER.lower()) == Asker.DOCTOR
    return Finding(
        _("These questions stay out of your figures"),
        True if marked else None,
        _("the site recognizes them as chat_doctor's")
        if marked
        else _("the site counts them as a visitor's"),
        _(
            "SECRET_KEY is not the same here and there, or a proxy drops %(header)s: "
            "these questions count as a visitor's."
        )
        % {"header": command_signature.HEADER},
    )
