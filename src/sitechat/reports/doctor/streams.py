"""Check that answers stream to visitors without buffering, also many answers at once."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator

from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sitechat.claude.owner_explanations import explanation
from sitechat.errors import Failure
from sitechat.models import Message
from sitechat.reports.doctor.chat_calls import QUESTION, Calls, describe
from sitechat.reports.doctor.deployed_site import TIMEOUT, SiteResponse
from sitechat.reports.doctor.finding import Finding

AT_ONCE_SECONDS = 0.25
"""Parts of an answer that arrive within this time count as arriving at the same time."""

TOO_FEW = gettext_lazy(
    "Too few threads: run an ASGI server, or gunicorn with --worker-class gthread --threads 8."
)


def examine_stream(answer: SiteResponse) -> Iterator[Finding]:
    """Check that an answer arrived in several pieces, complete, unchanged and without an error."""
    point = _("Answers stream")
    if answer.status != 200:
        yield Finding(
            point,
            False,
            describe(answer),
            answer.cure or _("The chat refused a question; see its log."),
        )
        return
    text = answer.text
    if "[DONE]" not in text:
        cut = (
            _("after %(seconds)s s") % {"seconds": f"{answer.arrivals[-1]:.1f}"}
            if answer.arrivals
            else _("before anything arrived")
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
        yield Finding(
            _("Claude answers"), False, seen, _failure_reason(text) or _("See the site's log.")
        )


def _failure_reason(stream: str) -> str:
    """Return why Claude did not answer; "" if this machine's database does not have the reply."""
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
    seen = _("pieces: %(count)s, the first after %(first)s s, the last after %(last)s s") % {
        "count": len(answer.arrivals),
        "first": f"{first:.2f}",
        "last": f"{last:.2f}",
    }
    if last < AT_ONCE_SECONDS:
        advice = _("Ask a bot that gives longer answers.")
        return Finding(
            _("Answers stream"),
            None,
            _("%(seen)s: too fast to see whether it streams") % {"seen": seen},
            advice,
        )
    return Finding(
        _("Answers stream"),
        last - first > AT_ONCE_SECONDS,
        seen,
        _(
            "Something buffers the answer until it is complete. nginx obeys "
            "X-Accel-Buffering: no, unless proxy_ignore_headers contains it. Also check "
            "middleware that compresses or rewrites responses."
        ),
    )


def examine_many(calls: Calls, streams: int) -> Finding:
    """Ask several questions at the same time, and check that all answers stream.

    All answers, and the response to another request that is sent meanwhile, must begin within 2
    seconds.
    """
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
        _("CHAT_LIMITS refused some, as it should.") if limited else str(TOO_FEW),
    )
