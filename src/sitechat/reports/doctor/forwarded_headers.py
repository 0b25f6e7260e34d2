"""Check the headers that proxies forward: the origin of a page, and the IP address of a visitor."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sitechat.reports.doctor.chat_calls import Calls, describe
from sitechat.reports.doctor.deployed_site import SiteResponse
from sitechat.reports.doctor.finding import Finding

FOREIGN = "https://example.com"
FORGED = "203.0.113.7"
"""An IP address reserved for documentation (RFC 5737)."""

SHARED = gettext_lazy(
    "If neither you nor chat_doctor asked anything from here in the last "
    "hour, all visitors count as one address: set CHAT_TRUSTED_PROXIES to "
    "the number of proxies before the site."
)
TRUSTED = gettext_lazy(
    "CHAT_TRUSTED_PROXIES is higher than the number of proxies; or the "
    "server trusts the header from everybody (uvicorn: "
    "--forwarded-allow-ips). Servers often trust their own machine: if the "
    "site runs on this machine, run the command again from another one."
)


def examine_origins(calls: Calls) -> Iterator[Finding]:
    """Check that calls from the site's own pages are accepted, and others refused."""
    # An empty message is refused before it costs anything.
    foreign = calls.post("", {"Origin": FOREIGN, "Sec-Fetch-Site": "cross-site"})
    yield Finding(
        _("Other sites' pages are refused"),
        foreign.code == "forbidden_origin",
        describe(foreign),
        _("A proxy drops Origin and Sec-Fetch-Site, or CSRF_TRUSTED_ORIGINS trusts too many."),
    )
    own = calls.post("", calls.from_own_page)
    if calls.page_origin != calls.origin:
        allowed = own.headers.get("access-control-allow-origin", "-")
        yield Finding(
            _("The site's own pages are accepted"),
            own.code == "empty_message" and allowed == calls.page_origin,
            _("%(seen)s, readable by %(allowed)s") % {"seen": describe(own), "allowed": allowed},
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
        yield Finding(point, answer.code == "empty_message", describe(answer), advice)


def examine_address(answer: SiteResponse) -> Finding:
    """Check that no other visitor has used the message limit of this machine's IP address."""
    point = _("Visitors do not share an address")
    limit = _address_limit(answer)
    if limit is None:
        return Finding(point, None, _("CHAT_LIMITS has no messages for addresses"))
    left, whole = limit
    seen = _("messages left before the first: %(left)s of %(whole)s") % {
        "left": f"{left:g}",
        "whole": f"{whole:g}",
    }
    return Finding(point, True if left == whole else None, seen, str(SHARED))


def examine_forged_address(calls: Calls) -> Finding:
    """Check that the site does not believe a visitor's own X-Forwarded-For."""
    point = _("Made-up addresses are not believed")
    real = _address_limit(calls.get())
    forged = _address_limit(calls.get(**{"X-Forwarded-For": FORGED}))
    if real is None or forged is None:
        return Finding(point, None, _("CHAT_LIMITS has no messages for addresses"))
    passed = True if real == forged else None if calls.site.is_local else False
    seen = _("messages left: %(real)s, with X-Forwarded-For: %(address)s: %(forged)s") % {
        "real": f"{real[0]:g}",
        "forged": f"{forged[0]:g}",
        "address": FORGED,
    }
    return Finding(point, passed, seen, str(TRUSTED))


def _address_limit(answer: SiteResponse) -> tuple[float, float] | None:
    """Return the remaining messages of an IP address, and their limit; None without a limit."""
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
