"""Fixtures of the browser tests: real servers, a stand-in of Claude and a browser."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page

from sitechat.standin import StandinProcess
from tests import chromium, forks
from tests.browser.chat import Chat
from tests.forks import run_django
from tests.prepared import environ_with, migrated_sqlite, prepared
from tests.waiting import until

SETTINGS = "tests.browser.settings"
ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "widget" / "node_modules" / "axe-core" / "axe.min.js"
SERVERS = {
    "uvicorn": ["uvicorn", "tests.browser.asgi:application", "--port", "{port}"],
    "gunicorn": [
        *("gunicorn", "tests.browser.wsgi:application", "--bind", "127.0.0.1:{port}"),
        *("--worker-class", "gthread", "--threads", "12"),
    ],
}


@pytest.fixture(scope="session")
def standin_process() -> Iterator[StandinProcess]:
    with StandinProcess() as standin:
        yield standin


@pytest.fixture
def standin(standin_process: StandinProcess) -> Iterator[StandinProcess]:
    """Provide the stand-in of Claude without the state of earlier tests."""
    standin_process.clear()
    yield standin_process
    standin_process.clear()


@pytest.fixture(scope="session")
def environment(
    tmp_path_factory: pytest.TempPathFactory, standin_process: StandinProcess
) -> dict[str, str]:
    """Return the environment of servers, with a database and static files prepared once."""
    folder = tmp_path_factory.mktemp("browser")

    def collect(static: Path) -> None:
        environ = environ_with(SETTINGS, SITECHAT_BROWSER_STATIC=str(static))
        run_django("collectstatic", "-v0", "--noinput", environ=environ)

    return environ_with(
        SETTINGS,
        SITECHAT_BROWSER_DB=str(shutil.copy(migrated_sqlite(tmp_path_factory), folder)),
        SITECHAT_BROWSER_STATIC=str(prepared(tmp_path_factory, "static", collect)),
        ANTHROPIC_BASE_URL=standin_process.url,
    )


class Server:
    """A server process that can be stopped and restarted at the same address."""

    def __init__(self, name: str, environment: dict[str, str], **variables: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.command = [argument.format(port=port) for argument in SERVERS[name]]
        self.environment = {**environment, **variables}
        self.start()

    def start(self) -> None:
        with Path(os.devnull).open("w") as nowhere:
            command = [sys.executable, "-m", *self.command]
            self.process = forks.start(command, self.environment, nowhere, nowhere)
        until(self.answers, 60, every=0.02, failure=f"{self.command} did not start")

    def answers(self) -> bool:
        try:
            urllib.request.urlopen(self.url + "/empty/").close()  # noqa: S310
        except (urllib.error.URLError, ConnectionError):
            return False
        return True

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture(scope="session")
def serve(environment: dict[str, str]) -> Iterator[Callable[..., Server]]:
    """Return a function that starts a server, once for each name and set of variables."""
    servers: dict[tuple[Any, ...], Server] = {}

    def start(name: str, **variables: str) -> Server:
        key = (name, *sorted(variables.items()))
        if key not in servers:
            servers[key] = Server(name, environment, **variables)
        return servers[key]

    yield start
    for server in servers.values():
        server.kill()


@pytest.fixture
def site(serve: Callable[..., Server]) -> str:
    return serve("uvicorn").url


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    chromium.stop_unless_used_by(nextitem)


@pytest.fixture
def browser() -> Browser:
    return chromium.running_browser()


@pytest.fixture
def open_page(browser: Browser, site: str) -> Iterator[Callable[..., Page]]:
    """Return a function that opens pages in new contexts. Fail if a page had an error."""
    contexts = []
    problems: list[str] = []

    def watch(page: Page) -> None:
        page.on("pageerror", lambda error: problems.append(f"{page.url}: {error}"))

        def hear(message: ConsoleMessage) -> None:
            # the browser itself reports what the network could not get
            network = ("Failed to load resource", "net::", "blocked by CORS policy")
            is_network = any(part in message.text for part in network)
            if message.type == "error" and not is_network:
                problems.append(message.text)

        page.on("console", hear)

        def foreign(request: Any) -> None:
            if not request.url.startswith(("http://127.0.0.1:", "http://localhost:", "blob:")):
                problems.append(f"a request left: {request.url}")

        page.on("request", foreign)

    def start(**options: Any) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1100, "height": 800}, **options})
        context.set_default_timeout(60_000)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        context.on("page", watch)
        contexts.append(context)
        return context.new_page()

    yield start
    for context in contexts:
        context.close()
    assert problems == []


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    return open_page()


@pytest.fixture
def chat(page: Page, site: str, standin: StandinProcess) -> Chat:
    """Return the chat on the home page, before it is opened."""
    page.goto(site)
    return Chat(page)


@pytest.fixture(scope="session")
def axe() -> Callable[..., list[str]]:
    """Return a function that returns axe's violations on a page, with their elements.

    It checks the whole page, because some rules compare landmarks or headings, or else the parts
    that a selector or axe's context names.
    """
    if not AXE.exists():
        pytest.skip("axe-core is not installed: npm ci in widget/")
    source = AXE.read_text(encoding="utf-8")

    def run(page: Page, parts: str | dict[str, list[str]] = "html") -> list[str]:
        page.evaluate(source)
        violations = page.evaluate(
            "async (parts) => (await axe.run(parts, {resultTypes: ['violations']}))"
            ".violations.map((rule) => [rule.id, rule.nodes.map((node) => node.html)])",
            parts,
        )
        return [f"{rule}: {json.dumps(nodes)[:300]}" for rule, nodes in violations]

    return run
