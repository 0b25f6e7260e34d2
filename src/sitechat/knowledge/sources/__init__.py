"""Sources of pages: querysets that apps declare, files, and the site's sitemaps.

The sources are in `objects`, `files`, `sitemaps` and `named_pages`. The last two read pages with
`public_pages`, which gets them from `rendering`. `sitemaps` finds addresses of pages with
`sitemap_discovery`, or with `crawling` on a site without a sitemap. Sources yield documents and
store nothing.

This package imports `reading`, `audience`, `object_deletions` and Django.
"""

from __future__ import annotations

from sitechat.knowledge.sources.base import AnySource, Document, registry
from sitechat.knowledge.sources.files import FileSource
from sitechat.knowledge.sources.objects import Source
from sitechat.knowledge.sources.sitemaps import SitemapSource

__all__ = ["AnySource", "Document", "FileSource", "SitemapSource", "Source", "registry"]
