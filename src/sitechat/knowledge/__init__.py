"""The site's own pages as the chat's knowledge.

The packages, of which each imports only the ones after it:

- `searching`: search for passages that answer a visitor's question
- `index`: the stored pages, their vectors, and the search index of each host
- `sources`: the sources of pages, such as querysets, files and sitemaps
- `reading`: extraction of text from documents, cut into passages
- `text`: words, stems and languages of a text

All of them may import `models` and `audience`. Sites import the public names from this package.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sitechat.knowledge.searching import Found, open_page, search
    from sitechat.knowledge.sources import FileSource, SitemapSource, Source
    from sitechat.knowledge.sources.base import registry

__all__ = ["FileSource", "Found", "SitemapSource", "Source", "open_page", "registry", "search"]

_SEARCHING = ("Found", "open_page", "search")


def __getattr__(name: str) -> object:
    # Search imports models, which is not possible while apps are loading. Without search and
    # sources, the process that reads documents starts three times as fast.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    package = "searching" if name in _SEARCHING else "sources"
    return getattr(import_module(f"{__name__}.{package}"), name)
