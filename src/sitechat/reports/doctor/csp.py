"""Evaluation of a page's Content Security Policy: whether it allows the chat.

Only sources by origin, scheme and nonce are evaluated. The chat's scripts and calls need no others.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

PORTS = {"http": 80, "https": 443}

SOURCE = re.compile(r"(?:([a-z][a-z0-9+.-]*)://)?(\[[^\]]*\]|[^:/\[]+)(?::(\d+|\*))?(/.*)?", re.I)
"""The scheme, host, port and path of a source, of which only the host is required."""

Policy = dict[str, list[str]]
"""The sources of each directive."""


def allows_script(header: str, page: str, script: str, nonce: str = "") -> bool:
    """Return whether a page may load a script from its HTML.

    Args:
        header: The value of the page's Content-Security-Policy, with all policies.
        page: The page's address.
        script: The script's address.
        nonce: The nonce of the script's tag.
    """
    names = ("script-src-elem", "script-src", "default-src")
    return all(_script(_sources(policy, names), page, script, nonce) for policy in _read(header))


def allows_calls(header: str, page: str, endpoint: str) -> bool:
    """Return whether a page may send requests to an address; see `allows_script`."""
    names = ("connect-src", "default-src")
    policies = [_sources(policy, names) for policy in _read(header)]
    return all(sources is None or _any_matches(sources, page, endpoint) for sources in policies)


def _read(header: str) -> list[Policy]:
    policies = []
    for text in header.split(","):
        policy: Policy = {}
        for directive in text.split(";"):
            name, *sources = directive.split() or [""]
            policy.setdefault(name.lower(), sources)
        policies.append(policy)
    return policies


def _sources(policy: Policy, names: Sequence[str]) -> list[str] | None:
    """Return the sources of the first of the directives that the policy has; None without one."""
    return next((policy[name] for name in names if name in policy), None)


def _script(sources: list[str] | None, page: str, script: str, nonce: str) -> bool:
    if sources is None or (nonce and f"'nonce-{nonce}'" in sources):
        return True
    if "'strict-dynamic'" in map(str.lower, sources):
        return False  # browsers then ignore origins and 'self'
    return _any_matches(sources, page, script)


def _any_matches(sources: list[str], page: str, address: str) -> bool:
    own, url = urlsplit(page), urlsplit(address)
    return any(_matches(source, own, url) for source in sources)


def _matches(source: str, own: SplitResult, url: SplitResult) -> bool:
    """Return whether a source of a policy allows an address.

    Args:
        source: The source.
        own: The address of the page with the policy.
        url: The address that the page loads or calls.
    """
    if source.lower() == "'self'":
        if own.hostname != url.hostname:
            return False
        return _port(own) == _port(url) or (own.scheme, url.scheme) == ("http", "https")
    if source.startswith("'"):
        return False
    if source == "*":
        return url.scheme in ("http", "https")
    if source.endswith(":"):
        return _scheme_fits(source[:-1].lower(), url.scheme)
    parts = SOURCE.fullmatch(source)
    if parts is None:
        return False
    scheme, host, port, path = parts.groups(default="")
    if not _scheme_fits(scheme.lower() or own.scheme, url.scheme):
        return False
    if not _host_fits(host.lower().strip("[]"), url.hostname or ""):
        return False
    if not _port_fits(port, url):
        return False
    return url.path.startswith(path) if path.endswith("/") else path in ("", url.path)


def _scheme_fits(wanted: str, given: str) -> bool:
    return wanted == given or (wanted, given) == ("http", "https")


def _host_fits(wanted: str, given: str) -> bool:
    return given.endswith(wanted[1:]) if wanted.startswith("*.") else wanted == given


def _port_fits(wanted: str, url: SplitResult) -> bool:
    if wanted in ("*", str(_port(url))):
        return True
    if wanted == "":
        return _port(url) == PORTS.get(url.scheme)
    return (wanted, _port(url)) == ("80", 443)  # browsers allow the upgrade to HTTPS


def _port(url: SplitResult) -> int | None:
    return url.port or PORTS.get(url.scheme)
