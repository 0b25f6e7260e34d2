"""Check that the chat's HTTP calls work through proxies and middleware."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sitechat.claude.reasons import explanation
from sitechat.conversations import command_mark
from sitechat.errors import Failure
from sitechat.models import Asker, Message
from sitechat.reports.doctor.finding import Finding
from sitechat.reports.doctor.page import FoundChat, is_chat
from sitechat.reports.doctor.site import TIMEOUT, DeployedSite, SiteResponse, origin_of

AT_ONCE = 0.25
"""Seconds. Pieces of an answer that arrive within this time count as arriving at once."""

QUESTION = "Please say in three sentences what this site is about."
FORGED = "203.0.113.7"
"""An IP address reserved for documentation (RFC 5737)."""

FOREIGN = "https://example.com"

SHARED = gettext_lazy(
    "If neither you nor chat_doctor asked anything from here in the last "
    "hour, all visitors count as one address: set CHAT_TRUSTED_PROXIES to "
    "the number of proxies before the site."
)
TRUSTED = gettext_lazy(
    "CHAT_TRUSTED_PROXIES is higher than the number of proxies; or the "
    "server believes the header from everybody (uvicorn: "
    "--forwarded-allow-ips). Servers often believe their own machine: if "
    "this is it, run this again from another."
)
TOO_FEW = gettext_lazy(
    "Too few threads: run an ASGI server, or gunicorn with --worker-class gthread --threads 8."
)


class Calls:
    """The HTTP calls of one chat, each as a visitor without a session."""

    def __init__(self, site: DeployedSite, found: FoundChat) -> None:
        self.site = site
        self.url = found.endpoint
        self.page_origin = found.origin
        self.origin = origin_of(found.endpoint)
        self.bot = found.bot

    @property
    def from_own_page(self) -> dict[str, str]:
        """The headers that a browser sends with a call from the site's own page."""
        same = self.page_origin == self.origin
        return {
            "Origin": self.page_origin,
            "Sec-Fetch-Site": "same-origin" if same else "cross-site",
        }

    def get(self, **headers: str) -> SiteResponse:
        """Send `GET chat/`."""
        return self.site.get(self.url, headers)

    def post(self, message: str, headers: Mapping[str, str] | None = None) -> SiteResponse:
        """Send `POST chat/` with the mark of chat_doctor."""
        data: dict[str, Any] = {"message": message}
        if self.bot:
            data["bot"] = self.bot
        mark = {command_mark.HEADER: command_mark.sign(Asker.DOCTOR)}
        return self.site.send("POST", self.url, data, {**mark, **(headers or {})})

    def forget(self, answer: SiteResponse) -> None:
        """Delete the conversation that a question started. Only its usage is kept."""
        if answer.cookies:
            query = f"?bot={self.bot}" if self.bot else ""
            self.site.send("DELETE", self.url + query, None, {}, cookies=answer.cookies)


def examine(calls: Calls, streams: int) -> Iterator[Finding]:
    """Ask one question, then `streams` questions at the same time."""
    before = calls.get()
    yield _reachable(calls, before)
    if not is_chat(before):
        return
    yield from _sources(calls)
    yield _shares_limit(before)
    answer = calls.post(QUESTION, calls.from_own_page)
    yield from _stream(answer)
    if answer.status == 200:
        yield _marked(answer)
        yield _forged_address(calls)
        calls.forget(answer)
    if streams and answer.status == 200 and answer.arrivals:
        yield _many(calls, streams)


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
        "overloaded": _("The database or the server has no room: see the site's log."),
    }.get(answer.code, _("Does the URLconf include sitechat.urls, and does the proxy pass it on?"))
    seen = f"{answer.status} {answer.code or answer.content_type or '-'}"
    return Finding(point, False, f"{calls.url}: {seen}", advice)


def _sources(calls: Calls) -> Iterator[Finding]:
    # An empty message is refused before it costs anything.
    foreign = calls.post("", {"Origin": FOREIGN, "Sec-Fetch-Site": "cross-site"})
    yield Finding(
        _("Other sites' pages are refused"),
        foreign.code == "forbidden_origin",
        _seen(foreign),
        _("A proxy drops Origin and Sec-Fetch-Site, or CSRF_TRUSTED_ORIGINS trusts too many."),
    )
    own = calls.post("", calls.from_own_page)
    if calls.page_origin != calls.origin:
        allowed = own.headers.get("access-control-allow-origin", "-")
        yield Finding(
            _("The site's own pages are accepted"),
            own.code == "empty_message" and allowed == calls.page_origin,
            _("%(seen)s, readable by %(allowed)s") % {"seen": _seen(own), "allowed": allowed},
            _('The page calls another host: that needs CHAT_ORIGINS = ["%(origin)s"].')
            % {"origin": calls.page_origin},
        )
        return
    advice = _(
        "A proxy changes the Host header: in nginx, proxy_set_header Host $host; "
        "or CSRF_TRUSTED_ORIGINS must name the site's origin."
    )
    old = calls.post("", {"Origin": calls.page_origin})
    for point, answer in (
        (_("The site's own pages are accepted"), own),
        (_("Browsers without Sec-Fetch-Site are accepted"), old),
    ):
        yield Finding(point, answer.code == "empty_message", _seen(answer), advice)


def _seen(answer: SiteResponse) -> str:
    return f"{answer.status} {answer.code or answer.error or answer.content_type}"


def _address_limit(answer: SiteResponse) -> tuple[float, float] | None:
    """Return the remaining messages of an IP address, and its limit; None without a limit."""
    limits = answer.json().get("limits")
    for limit in limits if isinstance(limits, list) else []:
        if not isinstance(limit, dict) or limit.get("scope") != "ip":
            continue
        left, whole = limit.get("left"), limit.get("limit")
        if limit.get("unit") != "messages" or not isinstance(left, (int, float)):
            continue
        if isinstance(whole, (int, float)):
            return left, whole
    return None


def _shares_limit(answer: SiteResponse) -> Finding:
    point = _("Visitors do not share an address")
    limit = _address_limit(answer)
    if limit is None:
        return Finding(point, None, _("CHAT_LIMITS has no messages for addresses"))
    left, whole = limit
    seen = _("%(left)s of %(whole)s messages are left before the first") % {
        "left": f"{left:g}",
        "whole": f"{whole:g}",
    }
    return Finding(point, True if left == whole else None, seen, str(SHARED))


def _forged_address(calls: Calls) -> Finding:
    point = _("Made-up addresses are not believed")
    real = _address_limit(calls.get())
    forged = _address_limit(calls.get(**{"X-Forwarded-For": FORGED}))
    if real is None or forged is None:
        return Finding(point, None, _("CHAT_LIMITS has no messages for addresses"))
    right = True if real == forged else None if calls.site.is_local else False
    seen = _("%(real)s messages left, and %(forged)s with X-Forwarded-For: %(address)s") % {
        "real": f"{real[0]:g}",
        "forged": f"{forged[0]:g}",
        "address": FORGED,
    }
    return Finding(point, right, seen, str(TRUSTED))


def _marked(answer: SiteResponse) -> Finding:
    marked = answer.headers.get(command_mark.HEADER.lower()) == Asker.DOCTOR
    return Finding(
        _("These questions stay out of your figures"),
        True if marked else None,
        _("the site knows them as chat_doctor's")
        if marked
        else _("the site takes them for a visitor's"),
        _(
            "SECRET_KEY is not the same here and there, or a proxy drops %(header)s: "
            "these questions count as a visitor's."
        )
        % {"header": command_mark.HEADER},
    )


def _stream(answer: SiteResponse) -> Iterator[Finding]:
    point = _("Answers stream")
    if answer.status != 200:
        yield Finding(
            point,
            False,
            _seen(answer),
            answer.cure or _("The chat refused a question; see its log."),
        )
        return
    text = answer.text
    if "[DONE]" not in text:
        cut = (
            _("after %(seconds)s s") % {"seconds": f"{answer.arrivals[-1]:.1f}"}
            if answer.arrivals
            else _("before anything came")
        )
        yield Finding(
            _("Answers are complete"),
            False,
            _("the stream was cut %(cut)s") % {"cut": cut},
            _("A proxy or server ends connections too early."),
        )
    if not answer.arrivals:
        return
    yield _pieces(answer)
    encoding = answer.headers.get("content-encoding", "identity")
    yield Finding(
        _("Headers of a stream"),
        answer.content_type == "text/event-stream" and encoding == "identity",
        f"Content-Type {answer.content_type or '-'}, Content-Encoding {encoding}",
        _("A proxy or middleware compresses or rewrites the answer: browsers lose parts of it."),
    )
    if '"error"' in text:
        event = next(line for line in text.splitlines() if '"error"' in line)
        seen = event.removeprefix("data: ")[:200]
        yield Finding(_("Claude answers"), False, seen, _why(text) or _("See the site's log."))


def _why(stream: str) -> str:
    """Return why Claude did not answer, or "" if this machine has no access to the database."""
    reply = re.search(r'"reply": "([0-9a-f-]{36})"', stream)
    if reply is None:
        return ""
    try:
        row = Message.objects.filter(pk=reply[1]).select_related("usage").first()
    except (DatabaseError, ImproperlyConfigured):
        return ""
    failure = Failure.from_stored(row.failure) if row is not None else None
    if row is None or failure is None:
        return ""
    usage = getattr(row, "usage", None)
    return explanation(failure, model=usage.model if usage else "")


def _pieces(answer: SiteResponse) -> Finding:
    first, last = answer.arrivals[0], answer.arrivals[-1]
    seen = _("%(count)s pieces, the first after %(first)s s, the last after %(last)s s") % {
        "count": len(answer.arrivals),
        "first": f"{first:.2f}",
        "last": f"{last:.2f}",
    }
    if last < AT_ONCE:
        advice = _("Ask a bot that answers at length.")
        return Finding(
            _("Answers stream"), None, _("%(seen)s: too quick to tell") % {"seen": seen}, advice
        )
    return Finding(
        _("Answers stream"),
        last - first > AT_ONCE,
        seen,
        _(
            "Something holds the answer back to its end. nginx obeys "
            "X-Accel-Buffering: no unless proxy_ignore_headers has it; see also "
            "middleware that compresses or rewrites responses."
        ),
    )


def _many(calls: Calls, streams: int) -> Finding:
    answers: list[SiteResponse] = []

    def ask() -> None:
        answers.append(calls.post(QUESTION, calls.from_own_page))

    threads = [threading.Thread(target=ask) for _ in range(streams)]
    for thread in threads:
        thread.start()
    page = calls.get()
    for thread in threads:
        thread.join()
    for answer in answers:
        calls.forget(answer)
    streamed = [each for each in answers if each.status == 200 and each.arrivals]
    others = [each for each in answers if each not in streamed]
    refused = sorted({each.code or each.error or _("no answer") for each in others})
    late = max((each.arrivals[0] for each in streamed), default=0.0)
    delay = page.arrivals[0] if page.arrivals else TIMEOUT
    seen = _(
        "%(count)s of %(streams)s streamed, the last began after %(seconds)s s; "
        "another request took %(milliseconds)s ms meanwhile"
    ) % {
        "count": len(streamed),
        "streams": streams,
        "seconds": f"{late:.2f}",
        "milliseconds": f"{delay * 1000:.0f}",
    }
    limited = refused and set(refused) <= {"rate_limited", "budget_exhausted"}
    return Finding(
        _("Many at once"),
        None if limited else len(streamed) == streams and max(late, delay) < 2.0,
        seen + (_("; refused: %(codes)s") % {"codes": ", ".join(refused)} if refused else ""),
        _("CHAT_LIMITS refused some: that is their job.") if limited else str(TOO_FEW),
    )
