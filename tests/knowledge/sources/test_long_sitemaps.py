"""Tests of sitemaps that are longer than the limit, or that end with an error."""

from __future__ import annotations

import gzip
import io
import tracemalloc
from collections.abc import Iterator
from itertools import count

import pytest
from django.core.management import call_command
from django.http import StreamingHttpResponse

from sitechat.knowledge import SitemapSource
from sitechat.knowledge.index.indexing_run import index_all
from sitechat.knowledge.reading import Unreadable
from sitechat.knowledge.sources.sitemap_reader import SitemapReader
from tests.indexed import known_urls
from tests.rendered import Answer, put_pages, sitemap_index_of, sitemap_of

START = b'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">'


def in_parts(body: bytes, limit: int, size: int) -> tuple[SitemapReader, int]:
    """Feed a sitemap in parts; return the reader and the number of parts that it took."""
    reader = SitemapReader(limit)
    for number, at in enumerate(range(0, len(body), size), start=1):
        if not reader.feed(body[at : at + size]):
            return reader, number
    return reader, len(range(0, len(body), size))


@pytest.mark.parametrize("size", [1, 7, 1_000_000])
@pytest.mark.parametrize(
    "body",
    [
        sitemap_of("/a/", "/b/").encode(),
        b"\xef\xbb\xbf\n" + sitemap_of("/a/", "/b/").encode(),
        b"\n/a/\r\n\r\n/b/",
        gzip.compress(sitemap_of("/a/", "/b/").encode(), mtime=0),
        gzip.compress(b"/a/\n/b/\n", mtime=0),
    ],
)
@pytest.mark.parametrize("limit", [1, 2])
def test_the_parts_of_a_sitemap_may_have_any_size(body: bytes, size: int, limit: int) -> None:
    reader, _ = in_parts(body, limit, size)
    found = reader.close()
    assert found.pages == ["/a/", "/b/"][:limit]
    assert found.exceeds_limit is (limit == 1)


def test_a_sitemap_of_one_character_is_a_list() -> None:
    assert in_parts(b"/", 10, 1)[0].close().pages == ["/"]


def test_a_sitemap_that_is_compressed_twice_is_refused() -> None:
    body = gzip.compress(gzip.compress(sitemap_of("/a/").encode()))
    reader, _ = in_parts(body, 10, len(body))
    with pytest.raises(Unreadable, match="compressed twice"):
        reader.close()


@pytest.mark.parametrize("is_xml", [True, False])
def test_a_sitemap_of_a_million_addresses_is_read_in_little_memory(is_xml: bool) -> None:
    urls = [f"/p/{number}/" for number in range(1_000_000)]
    body = sitemap_of(*urls).encode() if is_xml else "\n".join(urls).encode()
    tracemalloc.start()
    reader, parts = in_parts(body, 1000, 10_000)
    found = reader.close()
    assert (len(found.pages), found.exceeds_limit) == (1000, True)
    assert parts < 10
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


@pytest.mark.django_db
@pytest.mark.database
@pytest.mark.usefixtures("no_sources")
class TestARun:
    """Tests of runs of `chat_index`."""

    def test_an_endless_sitemap_is_read_up_to_the_limit(self, answers: dict[str, Answer]) -> None:
        class Pages(SitemapSource):
            limit = 3

        def parts() -> Iterator[bytes]:
            yield START
            for number in count():
                yield f"<url><loc>/{number}/</loc></url>".encode()

        put_pages("/0/", "/1/", "/2/", "/3/")
        answers["/sitemap.xml"] = lambda request: StreamingHttpResponse(parts())
        report = index_all()
        assert known_urls() == {"/0/", "/1/", "/2/"}
        assert "name more than 3 pages" in dict(report.problems)[Pages.label]

    def test_the_limit_is_reported_once(self, answers: dict[str, Answer]) -> None:
        class Pages(SitemapSource):
            limit = 1

        put_pages("/a/", "/b/", "/c/")
        answers["/one.xml"] = answers["/two.xml"] = answers["/sitemap.xml"]
        answers["/sitemap.xml"] = sitemap_index_of("/one.xml", "/two.xml")
        report = index_all()
        assert known_urls() == {"/a/"}
        assert dict(report.problems)[Pages.label].count("name more than") == 1

    @pytest.mark.parametrize("is_cut_off", [False, True])
    def test_what_was_read_before_an_error_is_kept(
        self, answers: dict[str, Answer], is_cut_off: bool
    ) -> None:
        def parts() -> Iterator[bytes]:
            yield START + b"<url><loc>/a/</loc></url><url><loc>/b/</loc></url><url><loc>/c"
            if not is_cut_off:
                raise OSError("the database is gone")

        put_pages("/a/", "/b/", "/old/")
        index_all()
        del answers["/b/"]
        put_pages("/a/", "/b/", "/new/")
        answers["/a/"] = "<main>This page has changed</main>"
        answers["/sitemap.xml"] = lambda request: StreamingHttpResponse(parts())
        output, errors = io.StringIO(), io.StringIO()
        call_command("chat_index", stdout=output, stderr=errors)
        assert known_urls() == {"/a/", "/b/", "/old/"}
        assert "1 changed" in output.getvalue()
        problem = (
            "not complete: it ends before </urlset>"
            if is_cut_off
            else "OSError: the database is gone"
        )
        assert f"/sitemap.xml: {problem}" in errors.getvalue()
        assert "(addresses read nevertheless: 2)" in errors.getvalue()
