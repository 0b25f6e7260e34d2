"""Check that the chat is on a page and that its scripts load."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from django.utils.translation import gettext as _

from sitechat.reports.doctor import csp
from sitechat.reports.doctor.deployed_site import DeployedSite, SiteResponse, origin_of
from sitechat.reports.doctor.finding import Finding

if TYPE_CHECKING:
    from lxml.html import HtmlElement

SCRIPT_TYPES = frozenset(
    {"text/javascript", "application/javascript", "application/x-javascript", "text/ecmascript"}
)


@dataclass(frozen=True)
class FoundChat:
    """The chat found on a page or at an address."""

    endpoint: str
    """The address of `chat/`."""
    origin: str
    """The origin of the pages that call it."""
    bot: str = ""
    """The name of the bot in the page, or ""."""


def examine(site: DeployedSite) -> Generator[Finding, None, FoundChat | None]:
    """Load the page and the chat's scripts.

    If the page does not contain the chat, its address may be the prefix of the chat's URLs.

    Yields:
        The findings.

    Returns:
        The chat; None if there is none.
    """
    page = site.open()
    element = find_element(page)
    if element is not None:
        yield _answers(page)
        yield Finding(
            _("The page has the chat"), True, _("<site-chat> on %(url)s") % {"url": page.url}
        )
        yield from _scripts(site, page, element)
        yield from _policy(page, element)
        return _found(page, element)
    endpoint = f"{page.url.partition('?')[0].rstrip('/')}/chat/"
    if page.status and is_chat(calls := site.get(endpoint)):
        yield _answers(calls)
        yield from _home(site, page)
        return FoundChat(endpoint, origin_of(endpoint))
    yield _answers(page)
    if not page.status:
        return None
    yield Finding(
        _("The page has the chat"),
        False,
        _("there is no <site-chat> on %(url)s (%(status)s %(content_type)s)")
        % {"url": page.url, "status": page.status, "content_type": page.content_type or "-"},
        _(
            "Put %(tags)s before </body> in the base template, and clear caches of pages. If the "
            "chat is on another page, give its address; or give the prefix under which "
            "sitechat.urls is included."
        )
        % {"tags": "{% load sitechat %}{% chat_widget %}"},
    )
    return None


def is_chat(answer: SiteResponse) -> bool:
    """Return whether a response has the form of a successful `GET chat/`."""
    return answer.status == 200 and "messages" in answer.json()


def find_element(page: SiteResponse) -> HtmlElement | None:
    """Return the page's `<site-chat>`; None if there is none or the page is not HTML."""
    from lxml import etree, html

    if not page.body.strip() or "html" not in page.content_type:
        return None
    try:
        tree = html.document_fromstring(page.body, parser=html.HTMLParser(encoding="utf-8"))
    except (etree.ParserError, ValueError):
        return None
    found: HtmlElement | None = tree.find(".//site-chat")
    return found


def _answers(page: SiteResponse) -> Finding:
    if not page.status:
        return Finding(
            _("The site answers"),
            False,
            f"{page.url}: {page.error}",
            page.cure,
        )
    served = [page.headers[name] for name in ("server", "via") if name in page.headers]
    first = page.arrivals[0] if page.arrivals else 0.0
    seen = _("%(url)s: %(status)s in %(milliseconds)s ms") % {
        "url": page.url,
        "status": page.status,
        "milliseconds": f"{first * 1000:.0f}",
    }
    advice = _("The page itself fails: see the site's log.")
    if page.status < 500:
        advice = _(
            "Give the address of a page that everybody may see. For a page behind HTTP "
            "authentication, write user:password@ before the host."
        )
    return Finding(
        _("The site answers"),
        page.status < 400,
        _("%(seen)s, by %(servers)s")
        % {"seen": seen, "servers": " via ".join(served) or _("an unnamed server")},
        advice,
    )


def _found(page: SiteResponse, element: HtmlElement) -> FoundChat:
    endpoint = urljoin(page.url, element.get("endpoint") or "")
    return FoundChat(endpoint, origin_of(page.url), element.get("bot") or "")


def _home(site: DeployedSite, answer: SiteResponse) -> Iterator[Finding]:
    """Look for the chat on the home page, because the given address is not a page."""
    home = site.get(urljoin(answer.url, "/"), follow_redirects=True)
    element = find_element(home)
    if element is None:
        yield Finding(
            _("The page has the chat"),
            None,
            _("there is no <site-chat> on %(url)s") % {"url": home.url},
            _("Run this again with the address of a page that has the chat."),
        )
        return
    yield Finding(_("The page has the chat"), True, _("<site-chat> on %(url)s") % {"url": home.url})
    yield from _scripts(site, home, element)


def _scripts(site: DeployedSite, page: SiteResponse, element: HtmlElement) -> Iterator[Finding]:
    """Load the chat's scripts. Their addresses are in script tags and in the element."""
    scripts = [script.get("src") or "" for script in _script_tags(element)]
    scripts += [value for value in element.attrib.values() if _is_script(str(value))]
    if not scripts:
        yield Finding(
            _("The chat's script loads"),
            False,
            _("the page has <site-chat>, but not its script"),
            _("Use %(tag)s, which writes both, and check that nothing removes scripts from pages.")
            % {"tag": "{% chat_widget %}"},
        )
    for src in dict.fromkeys(scripts):
        yield _script(site, urljoin(page.url, src))


def _script_tags(element: HtmlElement) -> list[HtmlElement]:
    """Return the page's script tags that belong to the chat."""
    tags = element.getroottree().iter("script")
    return [tag for tag in tags if "site-chat" in (tag.get("src") or "")]


def _policy(page: SiteResponse, element: HtmlElement) -> Iterator[Finding]:
    """Check the chat against the page's Content Security Policy, if there is one."""
    header = page.headers.get("content-security-policy", "")
    if not header:
        return
    endpoint = _found(page, element).endpoint
    problems: list[str] = []
    for tag in _script_tags(element):
        script = urljoin(page.url, tag.get("src") or "")
        if not csp.allows_script(header, page.url, script, tag.get("nonce") or ""):
            problems.append(_("script-src does not allow %(script)s") % {"script": script})
    if not csp.allows_calls(header, page.url, endpoint):
        problems.append(_("connect-src does not allow %(endpoint)s") % {"endpoint": endpoint})
    yield Finding(
        _("The page's Content-Security-Policy lets the chat run"),
        not problems,
        "; ".join(problems) or _("it allows the script and the calls"),
        _(
            "Add 'self', or the host of STATIC_URL, to script-src and connect-src. "
            "With nonces the tag needs the context processor or middleware that "
            "makes them: see docs/widget.md."
        ),
    )


def _is_script(value: str) -> bool:
    return value.partition("?")[0].endswith(".js")


def _script(site: DeployedSite, url: str) -> Finding:
    script = site.get(url, follow_redirects=True)
    kind = script.content_type
    passed = script.status == 200 and kind in SCRIPT_TYPES and len(script.body) > 0
    seen = script.error or _("%(status)s %(content_type)s, %(bytes)s bytes") % {
        "status": script.status,
        "content_type": kind or "-",
        "bytes": len(script.body),
    }
    advice = script.cure or (
        _(
            "Run `manage.py collectstatic` after each update, and let the server "
            "serve STATIC_ROOT under STATIC_URL. With DEBUG = False Django serves no "
            "static files itself."
        )
    )
    if script.status == 200 and not passed:
        advice = _(
            "Something else answers at this address: the server must serve it as JavaScript."
        )
    return Finding(
        _("The chat's script loads"),
        passed,
        f"{url}: {seen}",
        advice,
    )
