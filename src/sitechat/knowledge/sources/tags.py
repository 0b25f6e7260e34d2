"""The tags of a page, found without parsing it, in time proportional to its length."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

_START = re.compile(r"<!--|<(script|style)\b", re.I)
_ENDS = {
    None: re.compile("-->"),
    "script": re.compile(r"</script\b", re.I),
    "style": re.compile(r"</style\b", re.I),
}
_MAX_LENGTH = 4000
"""Maximum length of a tag in characters. Longer ones are ignored."""
_ATTRIBUTE = re.compile(
    r"""([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?""",
)


def without_comments(page: str) -> str:
    """Return a page without comments, scripts and style sheets.

    As in browsers, a comment or a script that is not closed reaches to the end of the page.
    """
    parts: list[str] = []
    at = 0
    while start := _START.search(page, at):
        parts.append(page[at : start.start()])
        kind = start[1]
        end = _ENDS[kind and kind.lower()].search(page, start.end())
        if end is None:
            return " ".join(parts)
        at = end.end()
    return " ".join([*parts, page[at:]])


def tags(page: str, name: str) -> Iterator[dict[str, str]]:
    """Yield the attributes of each opening tag with a name.

    Args:
        page: The page, without comments.
        name: The name of the tag in lower case, such as "a".
    """
    for match in re.finditer(rf"<{name}\b([^<>]{{1,{_MAX_LENGTH}}})>", page, re.I):
        found: dict[str, str] = {}
        for attribute, double, single, bare in _ATTRIBUTE.findall(match[1]):
            found.setdefault(attribute.lower(), unescape(double or single or bare).strip())
        yield found
