"""A source of single pages, given by their addresses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sitechat.knowledge.sources.base import AnySource, Document
from sitechat.knowledge.sources.public_pages import PublicPages
from sitechat.knowledge.sources.rendering import LocalSite


class NamedPages(AnySource, abstract=True):
    """Pages whose addresses were arguments of `chat_index`. Later runs index them again.

    Args:
        urls: The addresses of the pages.
    """

    label = "named"

    def __init__(self, urls: Sequence[str] = ()) -> None:
        self.urls = urls

    def total(self) -> int | None:
        """Return the number of pages."""
        return len(self.urls)

    def documents(self) -> Iterator[Document]:
        """Yield a document for each page."""
        pages = PublicPages(LocalSite(), self.known)
        for url in self.urls:
            yield pages.read(url)
