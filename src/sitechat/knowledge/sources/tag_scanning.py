"""A scanner for the tags of a page, which takes time in proportion to the page's length."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from urllib.parse import urljoin, urlsplit

_START = re.compile(r"<!--|<(script|style)\b", re.I)
_END_OF_COMMENT = re.compile(r"--!?>")
_ENDS = {
    "script": re.compile(r"</script\b", re.I),
    "style": re.compile(r"</style\b", re.I),
}
_MAX_LENGTH = 4000
"""Maximum length of a tag in characters. Longer tags are ignored."""
_ATTRIBUTE = re.compile(
    r"""[\s/]*([^\s<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'<>][^\s<>]*)))?""",
)
_TAG_END = re.compile(r"[\s/]*>")


def without_comments(page: str) -> str:
    """Return a page without comments, scripts and style sheets.

    As in browsers, a comment or a script that is not closed reaches to the end of the page, and
    `<!-->` is an empty comment.
    """
    parts: list[str] = []
    at = 0
    while start := _START.search(page, at):
        parts.append(page[at : start.start()])
        kind = start[1]
        if kind is None:
            end = _END_OF_COMMENT.search(page, start.start() + len("<!"))
        else:
            end = _ENDS[kind.lower()].search(page, start.end())
        if end is None:
            return " ".join(parts)
        at = end.end()
    return " ".join([*parts, page[at:]])


def tags(page: str, name: str) -> Iterator[dict[str, str]]:
    """Yield the attributes of each opening tag with the given name, except tags without attributes.

    Args:
        page: The page, without comments.
        name: The name of the tag in lower case, such as "a".
    """
    opening = re.compile(rf"<{name}(?=[\s/])", re.I)
    at = 0
    while start := opening.search(page, at):
        at = start.end()
        limit = at + _MAX_LENGTH
        attributes: dict[str, str] = {}
        while attribute := _ATTRIBUTE.match(page, at, limit):
            at = attribute.end()
            key, double, single, bare = attribute.groups()
            value = unescape(double or single or bare or "").strip()
            attributes.setdefault(key.lower(), value)
        if _TAG_END.match(page, at, limit):
            yield attributes


def base_of(page: str) -> str:
    """Return the address in the page's `<base>`, to which its links are relative.

    The result is "" if there is no such address, or if it is not valid.

    Args:
        page: The page, without comments.
    """
    base = next((tag["href"] for tag in tags(page, "base") if tag.get("href")), "")
    return join_address("", base)


def join_address(base: str, address: str) -> str:
    """Join an address in a page with the page's base; return "" if it is not valid."""
    try:
        joined = urljoin(base, address)
        urlsplit(joined)  # urljoin does not validate an address without a base
    except ValueError:  # for example "http://["
        return ""
    return joined
