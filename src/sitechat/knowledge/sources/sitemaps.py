"""A source of the pages in the site's sitemaps, rendered in this process."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from sitechat.knowledge.reading import Unreadable
from sitechat.knowledge.sources import crawling
from sitechat.knowledge.sources.base import AnySource, Document
from sitechat.knowledge.sources.crawling import Crawl
from sitechat.knowledge.sources.public_pages import PublicPages
from sitechat.knowledge.sources.rendering import LocalSite
from sitechat.knowledge.sources.site_hosts import wagtail_hosts
from sitechat.knowledge.sources.sitemap_discovery import MAX_PAGES, SitemapFiles, routed_sitemaps


class SitemapSource(AnySource, abstract=True):
    """The pages in the site's sitemaps, as an anonymous visitor sees them. No network is used.

    This is the source if no app declares one. To use it together with declared sources, subclass it
    in a `chat_sources.py`: `class Pages(SitemapSource): pass`. Pages that robots.txt disallows, for
    "django-sitechat" or for all user agents, and pages with `noindex` are left out.
    """

    label = "sitemaps"
    former_labels = ("sitechat.knowledge.sitemaps.SitemapSource",)
    host: str = ""
    """The host whose pages are read, such as "shop.example.com" or "localhost:8001".

    By default it is the site's main host: the first of `ALLOWED_HOSTS`, and with Wagtail the host
    of each of its sites. Pages of any other host are stored with that host.
    """

    limit: int = MAX_PAGES
    """Maximum number of pages that are read from sitemaps."""
    crawl_limit: int = crawling.MAX_PAGES
    """Maximum number of pages that are read by following links if there is no sitemap."""

    def __init__(self) -> None:
        self._count = 0
        self.is_crawl = False
        """Whether this run follows links."""

    def total(self) -> int | None:
        """Return the number of pages in the sitemaps that were read so far.

        Without a sitemap, this is the number of pages read so far. None if the number is 0.
        """
        return self._count or None

    def documents(self) -> Iterator[Document]:
        """Yield a document for each page in a sitemap, or for each linked page without a sitemap.

        Raises:
            Unreadable: robots.txt can't be read, or no page was found. After the last document: a
                sitemap could not be read, or there are more pages than the limit.
        """
        problems: list[str] = []
        for host in self._hosts():
            pages = PublicPages(LocalSite(host), self.known)
            sitemaps = SitemapFiles(
                pages.site,
                list(pages.robots.sitemaps),
                routed_sitemaps(pages.site.prefix),
                self.limit,
            )
            before = self._count
            for url in sitemaps.pages():
                self._count = before + sitemaps.page_count
                yield pages.read(url, sitemaps.lastmod(url))
            if not sitemaps.is_found:
                crawl = Crawl(pages, self.crawl_limit)
                yield from self._crawled(crawl, sitemaps.problems)
                if crawl.exceeds_limit:
                    problems.append(
                        f"links lead to more than {self.crawl_limit:,} pages, and only the nearest "
                        "were read: set a higher crawl_limit in a SitemapSource"
                    )
            else:
                problems += sitemaps.problems
                self.note = " ".join(filter(None, [self.note, sitemaps.note]))
        if problems:
            raise Unreadable(
                f"Not all {'pages' if self.is_crawl else 'sitemaps'} could be read, so no page was "
                f"removed: {'; '.join(problems)}"
            )

    def _crawled(self, crawl: Crawl, problems: list[str]) -> Iterator[Document]:
        """Yield the pages that links lead to.

        Raises:
            Unreadable: The front page can't be read, or a sitemap exists but can't be read.
        """
        is_broken = any(not problem.endswith(": answers 404") for problem in problems)
        documents = iter(()) if is_broken else crawl.documents()
        first = next(documents, None)
        if first is None or first.problem:
            raise Unreadable(
                f"No sitemap found ({'; '.join(problems)}), and no links to follow from /"
                f"{f' ({first.problem})' if first else ''}. Add django.contrib.sitemaps to the "
                "site, name pages (chat_index /about/ /faq/), or declare a Source or a FileSource "
                "in an app's chat_sources.py."
            )
        self.is_crawl = True
        self.note = "There is no sitemap, so links were followed from /."
        for number, document in enumerate(chain([first], documents), start=1):
            self._count = number
            yield document

    def read(self, url: str) -> Document:
        """Read one page. An error becomes the document's problem, never an exception."""
        return PublicPages(LocalSite(self.host)).read(url)

    def _hosts(self) -> list[str]:
        if self.host:
            return [self.host]
        main = LocalSite().hosts
        return ["", *(host for host in wagtail_hosts() if not main.is_main(host))]
