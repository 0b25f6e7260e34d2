"""Tests of the demo: the documentation as a site, with the chat on every page."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from django.test import Client, modify_settings, override_settings
from protego import Protego

from demo import answering
from demo.contents import DOCS, sections
from demo.pages import all_pages

ROOT = Path(__file__).resolve().parent.parent
SLUGS = sorted(path.stem for path in DOCS.glob("*.md"))


@pytest.fixture
def client() -> Iterator[Client]:
    """Return a client of the demo's pages, in this process."""
    apps = modify_settings(INSTALLED_APPS={"append": ["django.contrib.sitemaps", "demo"]})
    with apps, override_settings(ROOT_URLCONF="demo.urls"):
        yield Client()


def address(slug: str) -> str:
    return "/" if slug == "index" else f"/{slug}/"


@pytest.mark.parametrize("slug", SLUGS)
def test_every_page_is_shown_with_the_chat(client: Client, slug: str) -> None:
    html = client.get(address(slug)).content.decode()
    assert html.count("<h1") == 1
    assert "<site-chat" in html
    assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son\w+=", html)


def test_links_between_pages_work_on_the_site_too(client: Client) -> None:
    paths = {address(slug) for slug in SLUGS}
    for page in all_pages():
        for target in re.findall(r'<a [^>]*href="([^"#]+)', page.html):
            assert target in paths or target.startswith("https://"), f"{page.slug}: {target}"


def test_the_navigation_has_the_sections_of_the_contents(client: Client) -> None:
    html = client.get("/install/").content.decode()
    nav = html.partition('<nav class="pages"')[2].partition("</nav>")[0]
    assert re.findall("<h2>(.+?)</h2>", nav) == [section.title for section in sections()]
    assert sorted(re.findall('href="([^"]+)"', nav)) == sorted(map(address, SLUGS))


def test_code_is_coloured_and_headings_can_be_linked(client: Client) -> None:
    html = client.get("/settings/").content.decode()
    assert '<h3 id="chat_model">' in html
    assert re.search(r'<code class="language-python"><span class="', html)


@pytest.mark.parametrize("path", ["/nothing/", "/index/"])
def test_there_is_one_address_for_each_page(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_crawlers_and_the_index_find_the_pages(client: Client) -> None:
    sitemap = client.get("/sitemap.xml").content.decode()
    assert all(f"<loc>http://testserver{address(slug)}</loc>" in sitemap for slug in SLUGS)
    robots = client.get("/robots.txt").content.decode()
    assert "Sitemap: http://testserver/sitemap.xml" in robots
    rules = Protego.parse(robots)
    assert all(rules.can_fetch(address(slug), "*") for slug in SLUGS)


def test_the_first_page_suggests_four_questions(client: Client) -> None:
    links = re.compile(r'<a href="\?ask=[^"]+" data-site-chat-ask>([^<]+)')
    assert links.findall(client.get("/").content.decode()) == answering.QUESTIONS
    assert len(answering.QUESTIONS) == 4
    assert not links.search(client.get("/install/").content.decode())


def test_pages_and_widget_say_that_a_stand_in_answers(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:8765")
    for slug in SLUGS:
        assert "A stand-in answers here, not Claude." in client.get(address(slug)).content.decode()
    assert "A stand-in answers instead of Claude" in answering.widget()["disclosure"]
    monkeypatch.delenv("ANTHROPIC_BASE_URL")
    assert "not Claude" not in client.get("/install/").content.decode()
    assert "disclosure" not in answering.widget()


@pytest.mark.servers
@pytest.mark.long
def test_make_demo_serves_and_answers_without_a_key_and_ends_at_ctrl_c(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("ANTHROPIC_", "DJANGO_"))}
    demo = subprocess.Popen(
        [sys.executable, str(ROOT / "demo" / "serve.py"), "--port", str(port)],
        env=environ | {"DEMO_DATABASE": str(tmp_path / "demo.sqlite3")},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert demo.stdout is not None
        printed = next(line for line in demo.stdout if "http://" in line)
        assert printed.strip() == f"http://127.0.0.1:{port}/"
        transport = httpx.HTTPTransport(retries=5)  # the address is printed as the server starts
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}", transport=transport, timeout=60
        ) as http:
            page = http.get("/install/")
            assert "default-src 'none'" in page.headers["Content-Security-Policy"]
            assert http.get("/static/demo/site.css").headers["Content-Type"].startswith("text/css")
            answer = http.post("/api/chat/", json={"message": "Which Python do I need?"})
            assert answer.text.rstrip().endswith("data: [DONE]")
            assert '"done": "complete"' in answer.text
        demo.send_signal(signal.SIGINT)
        assert demo.wait(timeout=30) == 0
        rest = demo.stdout.read().strip()
        assert rest.startswith("A local stand-in answers instead of Claude")
        assert "Try next:" in rest
        assert rest.endswith("Press Ctrl-C to stop.")
    finally:
        demo.kill()
        demo.wait()
