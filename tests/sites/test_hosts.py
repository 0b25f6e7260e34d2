"""Tests of a site with several hosts: with the chat, using another host's chat, and without."""

from __future__ import annotations

import urllib.error
import urllib.request

import pytest
from playwright.sync_api import Browser, Page, expect

from sitechat.standin import StandinProcess
from tests.sites.conftest import Build
from tests.sites.project import Project
from tests.sites.visitor import Visitor

DOCS, BLOG = "docs.shop.localhost", "blog.shop.localhost"

READ = """
async (address) => {
    try {
        const answer = await fetch(address, {credentials: "include"})
        return (await answer.json()).messages.length
    } catch (error) {
        return error.name
    }
}
"""


def status(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url) as response:  # noqa: S310
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def warnings(site: Project) -> list[str]:
    return [line for line in site.log.read_text().splitlines() if "The page has no chat" in line]


@pytest.mark.long
def test_pages_of_another_host_share_the_conversation(
    build: Build, page: Page, standin: StandinProcess
) -> None:
    site = build("hosts")
    page.goto(site.url(host=DOCS))
    visitor = Visitor(page)
    visitor.open()
    standin.script("Rye bread.", "Four euros.")
    visitor.ask("What do you sell?", "Rye bread.")
    page.goto(site.url("/prices/", host=DOCS))
    expect(visitor.answers).to_contain_text("Rye bread.")
    page.goto(site.url())
    visitor.open()
    expect(visitor.answers).to_contain_text("Rye bread.")
    visitor.ask("What does it cost?", "Four euros.")


@pytest.mark.long
def test_a_refusal_can_be_read_on_the_other_host(
    build: Build, page: Page, standin: StandinProcess
) -> None:
    site = build("hosts")
    page.goto(site.url(host=DOCS))
    answer = page.evaluate(
        """async (address) => {
            const answer = await fetch(address, {
                method: "POST",
                credentials: "include",
                headers: {"Content-Type": "application/json", "Prefer": "respond-async"},
                body: JSON.stringify({message: " "}),
            })
            return [answer.status, (await answer.json()).error]
        }""",
        site.url("/api/chat/"),
    )
    assert answer == [400, "empty_message"]


@pytest.mark.long
def test_pages_of_no_other_origin_read_the_conversation(build: Build, browser: Browser) -> None:
    site = build("hosts")
    context = browser.new_context()
    page = context.new_page()
    page.goto(site.url(host=DOCS))
    assert page.evaluate(READ, site.url("/api/chat/")) == 0
    page.goto(site.url(host=BLOG))
    assert page.evaluate(READ, site.url("/api/chat/")) == "TypeError"
    context.close()


@pytest.mark.long
def test_a_host_without_the_chat_shows_its_pages_and_one_warning(build: Build, page: Page) -> None:
    site = build("hosts")
    for _ in range(3):
        page.goto(site.url(host=BLOG))
        expect(page.get_by_role("heading", name="blog")).to_be_visible()
        expect(page.locator("site-chat")).to_have_count(0)
    [warning] = warnings(site)
    assert "'shop.blog_urls'" in warning


@pytest.mark.parametrize(
    ("path", "code", "shown"),
    [("/", 200, "home"), ("/nope/", 404, "404"), ("/broken/", 500, "500")],
)
def test_a_site_that_forgot_the_urls_shows_every_page(
    path: str, code: int, shown: str, build: Build
) -> None:
    answered, html = status(build("no urls").url(path))
    assert (answered, f"<h1>{shown}</h1>" in html, "site-chat" in html) == (code, True, False)


def test_a_site_that_forgot_the_urls_is_told_so_once(build: Build, page: Page) -> None:
    site = build("no urls")
    for path in ("/", "/prices/", "/nope/", "/broken/"):
        page.goto(site.url(path))
    assert len(warnings(site)) == 1
    output = site.manage("check", fails=True)
    assert "sitechat.E020" in output
    assert 'include("sitechat.urls")' in output
