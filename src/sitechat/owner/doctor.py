"""Measures a deployed chat as a visitor's browser meets it, with all that stands in between."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

from sitechat.owner.deployment import TIMEOUT, Answer, Deployment

AT_ONCE = 0.25
"""Seconds between the first and the last bytes of an answer, up to which they came together."""

QUESTION = "Please say in three sentences what this site is about."
MADE_UP = "203.0.113.7"
"""An address that nobody has (RFC 5737)."""

FOREIGN = "https://example.com"


@dataclass(frozen=True)
class Finding:
    """One point: whether it is right (None: it can't be told), what was seen, what to do."""

    point: str
    right: bool | None
    seen: str
    advice: str = ""


def examine(site: Deployment, streams: int) -> Iterator[Finding]:
    """The findings, as they come. Asks one question, and `streams` more at once."""
    before = site.get()
    yield _reachable(site, before)
    if before.error or not _is_chat(before):
        return
    yield from _sources(site)
    yield _shares_limit(before)
    answer = site.post({"message": QUESTION})
    yield from _stream(answer)
    if answer.status == 200:
        yield _made_up_address(site)
    if streams and answer.status == 200 and answer.arrivals:
        yield _many(site, streams)


def _is_chat(answer: Answer) -> bool:
    return answer.status == 200 and "messages" in answer.json()


def _reachable(site: Deployment, answer: Answer) -> Finding:
    where = f"{site.origin}{site.path}"
    if answer.error:
        return Finding("It answers", False, answer.error, f"Does anything listen at {where}?")
    if not _is_chat(answer):
        return Finding(
            "It answers",
            False,
            f"{where} answers {answer.status}, and not as the chat does.",
            "Name the prefix under which sitechat.urls is included, such as "
            "https://example.org/api/.",
        )
    served = [answer.headers[name] for name in ("server", "via") if name in answer.headers]
    return Finding(
        "It answers",
        True,
        f"in {answer.arrivals[0] * 1000:.0f} ms, by {' via '.join(served) or 'an unnamed server'}",
    )


def _sources(site: Deployment) -> Iterator[Finding]:
    empty = {"message": ""}  # refused before it costs anything
    foreign = site.post(empty, Origin=FOREIGN, Sec_Fetch_Site="cross-site")
    yield Finding(
        "Other sites' pages are refused",
        foreign.code == "forbidden_origin",
        f"{foreign.status} {foreign.code or foreign.error}",
        "A proxy drops Origin and Sec-Fetch-Site, or CSRF_TRUSTED_ORIGINS trusts too many.",
    )
    for name, headers in (
        (
            "The site's own pages are heard",
            {"Origin": site.origin, "Sec_Fetch_Site": "same-origin"},
        ),
        ("Browsers that send no Sec-Fetch-Site are heard", {"Origin": site.origin}),
    ):
        own = site.post(empty, **headers)
        yield Finding(
            name,
            own.code == "empty_message",
            f"{own.status} {own.code or own.error}",
            "A proxy changes the Host header: in nginx, proxy_set_header Host $host; "
            "or CSRF_TRUSTED_ORIGINS must name the site's origin.",
        )


def _address_limit(answer: Answer) -> tuple[float, float] | None:
    """What an address has left of its messages, and all that it may have."""
    for limit in answer.json().get("limits", []):
        if (limit.get("scope"), limit.get("unit")) == ("ip", "messages"):
            return limit["left"], limit["limit"]
    return None


def _shares_limit(answer: Answer) -> Finding:
    point = "Visitors do not share an address"
    limit = _address_limit(answer)
    if limit is None:
        return Finding(point, None, "CHAT_LIMITS has no messages for addresses")
    left, whole = limit
    return Finding(
        point,
        True if left == whole else None,
        f"{left:g} of {whole:g} messages are left before the first",
        ""
        if left == whole
        else "If you have not chatted from here yourself, all visitors count as one address: set "
        "CHAT_TRUSTED_PROXIES to the number of proxies before the site.",
    )


def _made_up_address(site: Deployment) -> Finding:
    point = "Made-up addresses are not believed"
    real, made_up = _address_limit(site.get()), _address_limit(site.get(X_Forwarded_For=MADE_UP))
    if real is None or made_up is None:
        return Finding(point, None, "CHAT_LIMITS has no messages for addresses")
    return Finding(
        point,
        True if real == made_up else None if site.is_local else False,
        f"{real[0]:g} messages left, and {made_up[0]:g} with X-Forwarded-For: {MADE_UP}",
        "CHAT_TRUSTED_PROXIES is higher than the number of proxies; or the server believes the "
        "header of whom it should not (uvicorn: --forwarded-allow-ips). Servers often believe "
        "their own machine: if this is it, ask again from another.",
    )


def _stream(answer: Answer) -> Iterator[Finding]:
    point = "Answers stream"
    if answer.error or answer.status != 200:
        seen = answer.error or f"{answer.status} {answer.code}"
        yield Finding(point, False, seen, "The chat refused a question; see its log.")
        return
    text = answer.body.decode(errors="replace")
    if "[DONE]" not in text:
        cut = f"after {answer.arrivals[-1]:.1f} s" if answer.arrivals else "before anything came"
        yield Finding(
            "Answers are complete",
            False,
            f"the stream was cut {cut}",
            "A proxy or server ends connections too early.",
        )
    if not answer.arrivals:
        return
    first, last = answer.arrivals[0], answer.arrivals[-1]
    seen = (
        f"{len(answer.arrivals)} pieces, the first after {first:.2f} s, the last after {last:.2f} s"
    )
    advice = (
        "Something holds the answer back to its end. nginx obeys X-Accel-Buffering: no unless "
        "proxy_ignore_headers has it; see also middleware that compresses or rewrites responses."
    )
    if last < AT_ONCE:
        yield Finding(
            point, None, f"{seen}: too quick to tell", "Ask a bot that answers at length."
        )
    else:
        yield Finding(point, last - first > AT_ONCE, seen, advice)
    kind = answer.headers.get("content-type", "").partition(";")[0]
    encoding = answer.headers.get("content-encoding", "identity")
    yield Finding(
        "Headers of a stream",
        kind == "text/event-stream" and encoding == "identity",
        f"Content-Type {kind or '-'}, Content-Encoding {encoding}",
        "A proxy or middleware compresses or rewrites the answer: browsers lose parts of it.",
    )
    if '"error"' in text:
        event = next(line for line in text.splitlines() if '"error"' in line)
        yield Finding("Claude answers", False, event.removeprefix("data: ")[:200], "See the log.")


def _many(site: Deployment, streams: int) -> Finding:
    answers: list[Answer] = []

    def ask() -> None:
        answers.append(site.post({"message": QUESTION}))

    threads = [threading.Thread(target=ask) for _ in range(streams)]
    for thread in threads:
        thread.start()
    page = site.get()
    for thread in threads:
        thread.join()
    streamed = [each for each in answers if each.status == 200 and each.arrivals]
    others = [each for each in answers if each not in streamed]
    refused = sorted({each.code or each.error or "no answer" for each in others})
    late = max((each.arrivals[0] for each in streamed), default=0.0)
    delay = page.arrivals[0] if page.arrivals else TIMEOUT
    seen = (
        f"{len(streamed)} of {streams} streamed, the last began after {late:.2f} s; "
        f"another request took {delay * 1000:.0f} ms meanwhile"
    )
    limited = refused and set(refused) <= {"rate_limited", "budget_exhausted"}
    return Finding(
        "Many at once",
        None if limited else len(streamed) == streams and max(late, delay) < 2.0,
        seen + (f"; refused: {', '.join(refused)}" if refused else ""),
        "CHAT_LIMITS refused some: that is their job." if limited else TOO_FEW,
    )


TOO_FEW = (
    "Too few threads: run an ASGI server, or gunicorn with --worker-class gthread --threads 8."
)
