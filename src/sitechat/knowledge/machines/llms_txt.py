"""llms.txt and llms-full.txt (https://llmstxt.org): the site's public pages for language models."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice

from sitechat.knowledge.audience import PUBLIC
from sitechat.knowledge.index.tenants import cache_key
from sitechat.knowledge.page_addresses import is_address
from sitechat.models import IndexState, Page, Passage
from sitechat.runtime.per_process import PerProcess

MAX_PAGES = 5000
"""Maximum number of pages in llms.txt."""
MAX_LENGTH = 5_000_000
"""Maximum length of llms-full.txt, in characters."""
_kept: PerProcess[dict[tuple[str, ...], str]] = PerProcess(dict)

Link = Callable[[str], str]
"""A callable that returns the absolute URL of a stored address."""


def list_of_pages(name: str, link: Link) -> str:
    """Return llms.txt: the name of the site and a list of its pages.

    Args:
        name: The name of the site.
        link: Returns the absolute URL of a stored address.
    """
    return _once("list", name, link, _list)


def full_text(name: str, link: Link) -> str:
    """Return llms-full.txt: the text of all pages, at most `MAX_LENGTH` characters."""
    return _once("full", name, link, _full)


def _once(what: str, name: str, link: Link, make: Callable[[str, Link], str]) -> str:
    """Return a text from the cache, or make it if the stored pages have changed."""
    stamp = str(IndexState.objects.filter(pk=1).values_list("stamp", flat=True).first())
    key = (what, name, link("/"), stamp, *cache_key())
    kept = _kept()
    if key not in kept:
        if len(kept) >= 4:
            kept.clear()
        kept[key] = make(name, link)
    return kept[key]


def _list(name: str, link: Link) -> str:
    pages = [
        f"- [{_bracketed(page.title or page.url)}]({_address(link(page.url))})"
        for page in islice(_pages(), MAX_PAGES)
    ]
    return "\n".join([f"# {_line(name)}", "", "## Pages", "", *pages, ""])


def _full(name: str, link: Link) -> str:
    parts = [f"# {_line(name)}\n"]
    size = len(parts[0])
    for page in _pages():
        part = "\n".join(_text(page, link(page.url)))
        size += len(part)
        if size > MAX_LENGTH:
            parts.append("(There are more pages: see llms.txt.)\n")
            break
        parts.append(part)
    return "\n".join(parts)


def _text(page: Page, url: str) -> Iterator[str]:
    yield f"## {_line(page.title or page.url)}\n\n{_address(url)}\n"
    before: list[str] = []
    for passage in Passage.objects.filter(page=page).defer("vector").order_by("number"):
        if passage.headings != before and passage.headings:
            yield f"### {_line(' > '.join(passage.headings))}\n"
        before = passage.headings
        yield f"{passage.text}\n"


def _pages() -> Iterator[Page]:
    """Yield the public pages, ordered by address."""
    pages = Page.objects.exclude(content_hash="").order_by("url")
    for page in pages.iterator(chunk_size=200):
        if PUBLIC in page.audience and is_address(page.url):
            yield page


def _line(text: str) -> str:
    return " ".join(text.split())


def _bracketed(text: str) -> str:
    return _line(text).replace("[", "(").replace("]", ")")


def _address(url: str) -> str:
    return url.replace(" ", "%20").replace("(", "%28").replace(")", "%29")
