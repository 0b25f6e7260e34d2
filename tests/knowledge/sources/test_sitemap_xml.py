"""Tests of sitemaps with the mistakes that search engines forgive, and of feeds as sitemaps."""

from __future__ import annotations

import codecs
import gzip
import io

import pytest
from django.core.management import call_command
from django.http import HttpResponse

from sitechat.knowledge.reading import Unreadable
from sitechat.knowledge.sources.sitemap_reader import SitemapReader
from sitechat.knowledge.sources.sitemap_xml import SitemapAddresses
from tests.indexed import known_urls
from tests.rendered import Answer, put_pages, sitemap_index_of, sitemap_of

XML = '<?xml version="1.0" encoding="UTF-8"?>\n'
TWO = sitemap_of("/a/", "/b/")
RSS = (
    '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><link>/home/</link>'
    '<atom:link href="/feed/" rel="self"/><item><title>A</title><link>/a/</link>'
    "<description><![CDATA[<p>&nbsp;<a:b></p>]]></description></item>"
    "<item><link><![CDATA[/b/]]></link></item></channel></rss>"
)
RSS_1 = (
    '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
    'xmlns="http://purl.org/rss/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/">'
    '<channel rdf:about="/"><link>/home/</link><items><rdf:Seq><rdf:li rdf:resource="/a/"/>'
    '</rdf:Seq></items></channel><image rdf:about="/i.png"><link>/home/</link></image>'
    '<item rdf:about="/a/"><title>A</title><link>/a/</link><dc:date>2026-01-02</dc:date></item>'
    '<item rdf:about="/b/"><link>/b/</link></item></rdf:RDF>'
)
ATOM = (
    '<feed xmlns="http://www.w3.org/2005/Atom"><link href="/home/"/>'
    '<entry><link href="/a/"/><link rel="enclosure" href="/a.mp3"/>'
    "<updated>2026-01-02T03:04:05Z</updated></entry>"
    '<entry><link rel="alternate" href="/b/"/><source><link href="/other/"/></source>'
    "</entry></feed>"
)
BOMB = "<!DOCTYPE urlset [{}]>".format(
    '<!ENTITY e0 "/bomb/">'
    + "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
)
FILE = (
    '<!DOCTYPE urlset [<!ENTITY % p SYSTEM "file:///etc/hosts"> %p; '
    '<!ENTITY x SYSTEM "/etc/hosts">]>'
)


def read_sitemap(body: bytes | str, size: int = 1_000_000, limit: int = 10) -> SitemapAddresses:
    body = body if isinstance(body, bytes) else body.encode()
    reader = SitemapReader(limit)
    for at in range(0, len(body), size):
        if not reader.feed(body[at : at + size]):
            break
    return reader.close()


@pytest.mark.parametrize("size", [1, 5, 1_000_000])
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(codecs.BOM_UTF16_LE + (XML + TWO).encode("utf-16-le"), id="UTF-16, LE"),
        pytest.param(codecs.BOM_UTF16_BE + (XML + TWO).encode("utf-16-be"), id="UTF-16, BE"),
        pytest.param((XML + TWO).encode("utf-16-le"), id="UTF-16 without a mark"),
        pytest.param("/a/\n/b/\n".encode("utf-16"), id="a list in UTF-16"),
        pytest.param(XML.replace("UTF-8", "utf-16") + TWO, id="UTF-8, declared as UTF-16"),
        pytest.param(XML.replace("UTF-8", "nonsense") + TWO, id="an unknown encoding"),
        pytest.param(f"\n \r\n\ufeff\n{XML}<!-- made by us -->{TWO}", id="blank lines and a BOM"),
        pytest.param(f"<br />\n<b>Warning</b>: x &lt; y{XML}{TWO}", id="a warning in HTML"),
        pytest.param(f"PHP Warning: no such file\n{XML}{TWO}", id="a warning in text"),
        pytest.param(f"{XML}{TWO}\n<br /><b>Warning</b>: x & y <", id="a warning at the end"),
        pytest.param(TWO.replace("url", "URL").replace("loc>", "Loc>"), id="other case"),
        pytest.param(TWO.replace("<url>", "<URL>"), id="tags of both cases"),
        pytest.param(
            TWO.replace("</loc>", "</loc><image:image><image:loc>/i/</image:loc></image:image>"),
            id="an undeclared prefix",
        ),
        pytest.param(
            TWO.replace("<", "<s:").replace("<s:/", "</s:").replace("xmlns=", "xmlns:s="),
            id="a prefix for all tags",
        ),
        pytest.param(TWO.replace("<urlset", '<urlset xsi:schemaLocation="a b"'), id="no xmlns:xsi"),
        pytest.param(
            TWO.replace("<loc>", "<loc><![CDATA[").replace("</loc>", "]]></loc>"), id="CDATA"
        ),
        pytest.param(TWO.replace("<url>", "<url><loc/>", 1), id="an empty address"),
        pytest.param(RSS, id="RSS 2.0"),
        pytest.param(XML + RSS_1, id="RSS 1.0"),
        pytest.param(XML + ATOM, id="Atom"),
        pytest.param(gzip.compress(ATOM.encode(), mtime=0), id="compressed"),
    ],
)
def test_all_addresses_are_read(body: bytes | str, size: int) -> None:
    assert read_sitemap(body, size).pages == ["/a/", "/b/"]


@pytest.mark.parametrize("size", [1, 5, 1_000_000])
@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("/?a=1&b=2", "/?a=1&b=2"),
        ("/?a=1&amp;b=2&c", "/?a=1&b=2&c"),
        ("/?a=1&copy=2&lt=3&#x26;&#38;", "/?a=1&copy=2&lt=3&&"),
        ("<![CDATA[/?a=1&b=2&amp;]]>", "/?a=1&b=2&amp;"),
        ("/&eacute;/&", "/&eacute;/&"),
        ("/д/𝄞/", "/д/𝄞/"),
    ],
)
def test_an_ampersand_may_stand_for_itself(written: str, meant: str, size: int) -> None:
    assert read_sitemap(sitemap_of(written, "/b/"), size).pages == [meant, "/b/"]


def test_the_declared_encoding_is_used() -> None:
    body = XML.replace("UTF-8", "windows-1251") + sitemap_of("/д/")
    assert read_sitemap(body.encode("cp1251"), 3).pages == ["/д/"]


def test_the_time_of_an_entry_is_its_lastmod() -> None:
    assert read_sitemap(ATOM).lastmods == {"/a/": "2026-01-02T03:04:05Z"}


@pytest.mark.parametrize("prolog", [BOMB, FILE])
def test_entities_are_never_expanded(prolog: str) -> None:
    found = read_sitemap(prolog + sitemap_of("/a/&e9;", "/b/&x;"))
    assert found.pages == ["/a/&e9;", "/b/&x;"]


@pytest.mark.parametrize(
    ("body", "what", "pages"),
    [
        (TWO[:-9], "not complete: it ends before </urlset>", ["/a/", "/b/"]),
        (TWO + XML + sitemap_of("/c/"), "has addresses after </urlset>", ["/a/", "/b/"]),
        (RSS[:-20], "not complete: it ends before </rss>", ["/a/", "/b/"]),
        (TWO.replace("</loc>", "<loc>", 1), "not valid XML in line 1: ", ["/a/", "/b/"]),
        ("\n\n\n" + XML + TWO.replace("</loc>", "\x0b</loc>", 1), "in line 5: ", ["/a/", "/b/"]),
        (sitemap_of("/a/\udce9", "/b/"), "save it as UTF-8", ["/a/\ufffd", "/b/"]),
        ("<html><a href='/a/'>A</a></html>", "not a sitemap, but <html>", None),
        ("<br>" + "x" * 100_000 + TWO, "not a sitemap, but <br>", None),
        ("a notice\n/a/\n", "not XML and not a list of addresses", None),
        (XML, "not XML and not a list of addresses", None),
    ],
)
def test_what_may_hide_addresses_is_an_error(body: str, what: str, pages: list[str] | None) -> None:
    reader = SitemapReader(10)

    def read() -> None:
        reader.feed(body.encode(errors="surrogateescape"))
        reader.close()

    with pytest.raises(Unreadable) as caught:
        read()
    assert what in str(caught.value)
    found = reader.partial()
    assert (sorted(found.pages) if found else None) == pages


@pytest.mark.parametrize("size", [1, 5, 1_000_000])
def test_a_sitemap_after_another_in_one_file_is_reported(size: int) -> None:
    with pytest.raises(Unreadable, match="after </urlset>: make it two files"):
        read_sitemap(f"{TWO}\n{TWO}", size)


def test_a_feed_is_read_up_to_the_limit() -> None:
    found = read_sitemap(ATOM, 7, limit=1)
    assert (found.pages, found.exceeds_limit) == (["/a/"], True)


@pytest.mark.django_db
@pytest.mark.database
@pytest.mark.usefixtures("no_sources")
class TestReports:
    """Tests of what `chat_index` reports."""

    def run(self) -> tuple[str, str]:
        output, errors = io.StringIO(), io.StringIO()
        call_command("chat_index", stdout=output, stderr=errors)
        return output.getvalue(), errors.getvalue()

    def test_mistakes_that_hide_nothing_are_noted_and_pages_are_removed(
        self, answers: dict[str, Answer]
    ) -> None:
        put_pages("/?a=1&b=2", "/old/")
        self.run()
        answers["/one.xml"] = f"Warning: x\n{sitemap_of('/?a=1&b=2')}"
        answers["/two.xml"] = sitemap_of("/?a=1&b=2")
        answers["/sitemap.xml"] = sitemap_index_of("/one.xml", "/two.xml")
        output, errors = self.run()
        assert errors == ""
        assert known_urls() == {"/?a=1&b=2"}
        assert (
            "/one.xml and 1 more: all addresses were read (2), in spite of text before the XML, "
            'such as a warning of PHP and "&" that should be "&amp;".'
        ) in output

    def test_mistakes_that_may_hide_addresses_keep_pages(self, answers: dict[str, Answer]) -> None:
        put_pages("/a/", "/b/", "/old/")
        self.run()
        answers["/sitemap.xml"] = TWO.replace("</url>", "", 1)
        _, errors = self.run()
        assert known_urls() == {"/a/", "/b/", "/old/"}
        assert "/sitemap.xml: not valid XML in line 1: " in errors
        assert "(addresses read nevertheless: 2)" in errors
        assert "no page was removed" in errors

    def test_feeds_are_sitemaps(self, answers: dict[str, Answer]) -> None:
        put_pages("/a/", "/b/")
        answers["/robots.txt"] = "Sitemap: /feed/"
        answers["/feed/"] = lambda request: HttpResponse(ATOM, content_type="application/atom+xml")
        assert self.run()[1] == ""
        assert known_urls() == {"/a/", "/b/"}
