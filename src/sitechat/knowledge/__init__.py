"""The site's own pages as the chat's knowledge: sources, passages, search."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .sources import FileSource, Source, registry

if TYPE_CHECKING:
    from .searching import Found, open_page, search
    from .sitemaps import SitemapSource

__all__ = ["FileSource", "Found", "SitemapSource", "Source", "open_page", "registry", "search"]


def __getattr__(name: str) -> object:
    # What needs models is imported when it is used, so that apps can import this while loading.
    if name in ("Found", "open_page", "search"):
        from . import searching

        return getattr(searching, name)
    if name == "SitemapSource":
        from .sitemaps import SitemapSource

        return SitemapSource
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
