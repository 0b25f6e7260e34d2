"""The site's own pages as the chat's knowledge.

Each of these packages imports only the ones below it in this list:

- `machines`: llms.txt and an MCP endpoint, for other programs
- `searching`: search for passages that answer a visitor's question
- `index`: the stored pages, their vectors, and the search index of each machine
- `sources`: the sources of pages, such as querysets, files and sitemaps
- `reading`: extraction of text from documents, cut into passages
- `text`: words, stems and languages of a text

The first three packages also import the models. Of the modules beside these packages, only
`approved_search` imports them. Sites import the public names from this package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sitechat.runtime.lazy_exports import lazy_exports

if TYPE_CHECKING:
    from sitechat.knowledge.searching import Found, open_page, search
    from sitechat.knowledge.sources import FileSource, SitemapSource, Source
    from sitechat.knowledge.sources.base import registry

__all__ = ["FileSource", "Found", "SitemapSource", "Source", "open_page", "registry", "search"]

# Lazy, because search imports models, which is not possible while apps are loading. Also, the
# process that reads documents starts three times as fast without search and sources.
__getattr__ = lazy_exports(
    __name__,
    {
        "searching": ["Found", "open_page", "search"],
        "sources": ["FileSource", "SitemapSource", "Source", "registry"],
    },
)
