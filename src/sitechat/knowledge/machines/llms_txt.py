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
_cache: PerProcess[dict[tuple[str, ...], str]] = PerProcess(dict)

Link = Callable[[str], str]
"""A callable that returns the absolute URL of a stored address."""


def list_of_pages(name: str, link: Link) -> str:
    """Return llms.txt: the name of the site and a list of at most `MAX_PAGES` public pages.

    Args:
        name: The name of the site.
        link: Returns the absolute URL of a stored address.
    """
    return _cached("list", name, link, _page_list)


def full_text(name: str, link: Link) -> str:
    """Return llms-full.txt: the text of the public pages that fit into `MAX_LENGTH` characters.

    If there are more pages, the last line says this. The arguments are those of `list_of_pages`.
    """
    return _cached("full", name, link, _full_text)


def _cached(kind: str, name: str, link: Link, create: Callable[[str, Link], str]) -> str:
    """Return a text from the cache, or create it if the stored pages have changed."""
    stamp = str(IndexState.objects.filter(pk=1).values_list("stamp", flat=True).first())
    key = (kind, name, link("/"), stamp, *cache_key())
    cached = _cache()
    if key not in cached:
        if len(cached) >= 4:
            cached.clear()
        cached[key] = create(name, link)
    return cached[key]


def _page_list(name: str, link: Link) -> str:
    pages = [
        f"- [{_bracketed(page.title or page.url)}]({_address(link(page.url))})"
        for page in islice(_pages(), MAX_PAGES)
    ]
    return "\n".join([f"# {_single_line(name)}", "", "## Pages", "", *pages, ""])


def _full_text(name: str, link: Link) -> str:
    parts = [f"# {_single_line(name)}\n"]
    size = len(parts[0])
    for page in _pages():
        part = "\n".join(_page_text(page, link(page.url)))
        size += len(part)
        if size > MAX_LENGTH:
            parts.append("(There are more pages: see llms.txt.)\n")
            break
        parts.append(part)
    return "\n".join(parts)


def _page_text(page: Page, url: str) -> Iterator[str]:
    yield f"## {_single_line(page.title or page.url)}\n\n{_address(url)}\n"
    before: list[str] = []
    for passage in Passage.objects.filter(page=page).defer("vector").order_by("number"):
        if passage.headings != before and passage.headings:
            yield f"### {_single_line(' > '.join(passage.headings))}\n"
        before = passage.headings
        yield f"{passage.text}\n"


def _pages() -> Iterator[Page]:
    """Yield the public pages, ordered by address."""
    pages = Page.objects.exclude(content_hash="").order_by("url")
    for page in pages.iterator(chunk_size=200):
        if PUBLIC in page.audience and is_address(page.url):
            yield page


def _single_line(text: str) -> str:
    return " ".join(text.split())


def _bracketed(text: str) -> str:
    return _single_line(text).replace("[", "(").replace("]", ")")


def _address(url: str) -> str:
    return url.replace(" ", "%20").replace("(", "%28").replace(")", "%29")
