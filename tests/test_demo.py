"""The demo: the documentation as a site, with the chat on every page."""

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

from demo.pages import DOCS, all_pages

ROOT = Path(__file__).resolve().parent.parent
SLUGS = sorted(path.stem for path in DOCS.glob("*.md"))


@pytest.fixture
def client() -> Iterator[Client]:
    """A client of the demo's pages, in this process."""
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
        for target in re.findall(r'href="([^"#]+)', page.html):
            assert target in paths or target.startswith("https://"), f"{page.slug}: {target}"


def test_the_navigation_begins_at_home_and_has_every_page(client: Client) -> None:
    slugs = [page.slug for page in all_pages()]
    assert slugs[:2] == ["index", "install"]
    assert sorted(slugs) == SLUGS


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


@pytest.mark.servers
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
        assert demo.stdout.read().strip().endswith("Ctrl-C stops it.")
    finally:
        demo.kill()
        demo.wait()
