"""Real servers with the real app, a stand-in of Claude, and a real browser."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from sitechat.standin import StandinProcess
from tests.browser.chat import Chat

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "widget" / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SERVERS = {
    "uvicorn": ["uvicorn", "tests.browser.asgi:application", "--port", "{port}"],
    "gunicorn": [
        *("gunicorn", "tests.browser.wsgi:application", "--bind", "127.0.0.1:{port}"),
        *("--worker-class", "gthread", "--threads", "12"),
    ],
}


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            # A browser on a machine that does other things too: a second try, which is said.
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="session")
def standin_process() -> Iterator[StandinProcess]:
    with StandinProcess() as standin:
        yield standin


@pytest.fixture
def standin(standin_process: StandinProcess) -> Iterator[StandinProcess]:
    """Claude's stand-in, which knows nothing of earlier tests."""
    standin_process.clear()
    yield standin_process
    standin_process.clear()


@pytest.fixture(scope="session")
def environment(
    tmp_path_factory: pytest.TempPathFactory, standin_process: StandinProcess
) -> dict[str, str]:
    """What the servers run in: a database and static files, prepared once."""
    folder = tmp_path_factory.mktemp("browser")
    variables = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
        "DJANGO_SETTINGS_MODULE": "tests.browser.settings",
        "SITECHAT_BROWSER_DB": str(folder / "site.sqlite3"),
        "SITECHAT_BROWSER_STATIC": str(folder / "static"),
        "ANTHROPIC_BASE_URL": standin_process.url,
    }
    for command in (["migrate", "-v0"], ["collectstatic", "-v0", "--noinput"]):
        subprocess.run([sys.executable, "-m", "django", *command], env=variables, check=True)
    return variables


class Server:
    """A server as a process. It can be stopped, and started again at the same address."""

    def __init__(self, name: str, environment: dict[str, str], **variables: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.command = [argument.format(port=port) for argument in SERVERS[name]]
        self.environment = {**environment, **variables}
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", *self.command],
            env=self.environment,
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 60
        while not self.answers():
            assert time.monotonic() < deadline, f"{self.command} did not start"
            time.sleep(0.05)

    def answers(self) -> bool:
        try:
            urllib.request.urlopen(self.url + "/empty/").close()  # noqa: S310
        except (urllib.error.URLError, ConnectionError):
            return False
        return True

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="session")
def serve(environment: dict[str, str]) -> Iterator[Callable[..., Server]]:
    """Starts servers, one for each name and set of variables."""
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


# Playwright's loop runs as long as it is started, and Django refuses database work on a thread
# with a loop: it ends with each file of tests.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("there is no Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def open_page(browser: Browser, site: str) -> Iterator[Callable[..., Page]]:
    """Opens pages in contexts of their own; at the end nothing on any of them has gone wrong."""
    contexts = []
    problems: list[str] = []

    def watch(page: Page) -> None:
        page.on("pageerror", lambda error: problems.append(f"{page.url}: {error}"))
        page.on(
            "console",
            lambda message: (
                problems.append(message.text)
                if "Content Security Policy" in message.text or "TrustedHTML" in message.text
                else None
            ),
        )

        def foreign(request: Any) -> None:
            if not request.url.startswith(("http://127.0.0.1:", "http://localhost:", "blob:")):
                problems.append(f"a request left: {request.url}")

        page.on("request", foreign)

    def start(**options: Any) -> Page:
        context = browser.new_context(**{"viewport": {"width": 1100, "height": 800}, **options})
        context.set_default_timeout(15_000)
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
    """The chat on the home page, not yet opened."""
    page.goto(site)
    return Chat(page)


@pytest.fixture(scope="session")
def axe() -> Callable[[Page], list[str]]:
    """What axe finds wrong with a page: the rules and elements; empty where all is well."""
    if not AXE.exists():
        pytest.skip("axe-core is not installed: npm ci in widget/")
    source = AXE.read_text(encoding="utf-8")

    def run(page: Page) -> list[str]:
        page.evaluate(source)
        violations = page.evaluate(
            "async () => (await axe.run({include: ['site-chat']}, {resultTypes: ['violations']}))"
            ".violations.map((rule) => [rule.id, rule.nodes.map((node) => node.html)])"
        )
        return [f"{rule}: {json.dumps(nodes)[:300]}" for rule, nodes in violations]

    return run
