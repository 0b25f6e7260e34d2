"""A Firefox controlled by WebDriver BiDi. Playwright does not support Debian's old ESR."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from websockets.sync.client import connect

from tests.waiting import until

BINARY = shutil.which("firefox-esr") or shutil.which("firefox")


class Firefox:
    """A headless Firefox with one tab."""

    def __init__(self) -> None:
        assert BINARY is not None
        self.profile = tempfile.mkdtemp(prefix="firefox-")
        self.process = subprocess.Popen(
            [
                BINARY,
                "--headless",
                "--no-remote",
                "--profile",
                self.profile,
                "--remote-debugging-port",
                "0",
                "about:blank",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.ids = itertools.count(1)
        self.events: list[dict[str, Any]] = []
        self.connection = connect(self._address(), max_size=None)
        self.socket = self.connection.__enter__()
        self.call("session.new", capabilities={})
        self.call("session.subscribe", events=["log.entryAdded", "network.beforeRequestSent"])
        self.tab = self.call("browsingContext.getTree")["contexts"][0]["context"]

    def _address(self) -> str:
        address = Path(self.profile) / "WebDriverBiDiServer.json"
        until(
            lambda: address.exists() and address.read_text(),
            60,
            every=0.1,
            failure="Firefox did not start",
        )
        server = json.loads(address.read_text())
        return f"ws://{server['ws_host']}:{server['ws_port']}/session"

    def call(self, method: str, **params: Any) -> Any:
        number = next(self.ids)
        self.socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            message = json.loads(self.socket.recv(timeout=60))
            if message.get("id") == number:
                assert message["type"] == "success", message
                return message["result"]
            self.events.append(message)

    def goto(self, url: str) -> None:
        self.call("browsingContext.navigate", context=self.tab, url=url, wait="complete")

    def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression, serialised as JSON."""
        result = self.call(
            "script.evaluate",
            expression=f"(async () => JSON.stringify(await ({expression}) ?? null))()",
            target={"context": self.tab},
            awaitPromise=True,
        )
        assert result["type"] == "success", result
        return json.loads(result["result"]["value"])

    def wait_for(self, expression: str, timeout: float = 30) -> None:
        until(
            lambda: self.evaluate(f"!!({expression})"),
            timeout,
            every=0.05,
            failure=f"never: {expression}",
        )

    def type(self, text: str) -> None:
        """Press the keys of `text`, in which "\\ue007" is Enter."""
        keys = [{"type": kind, "value": char} for char in text for kind in ("keyDown", "keyUp")]
        self.call(
            "input.performActions",
            context=self.tab,
            actions=[{"type": "key", "id": "keyboard", "actions": keys}],
        )

    def problems(self) -> list[str]:
        """Return the errors of the page, and its requests to other hosts."""
        self.call("session.status")
        found = []
        for event in self.events:
            params = event.get("params", {})
            if event.get("method") == "log.entryAdded" and params.get("level") == "error":
                found.append(params.get("text"))
            url = params.get("request", {}).get("url", "")
            if url.startswith("http") and "//127.0.0.1:" not in url:
                found.append(url)
        return found

    def close(self) -> None:
        self.connection.__exit__(None, None, None)
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)
