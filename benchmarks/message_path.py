"""Trace the modules that a message passes, and the calls of lower layers into higher ones.

    python benchmarks/message_path.py [--all]

It runs the ASGI application in this process, asks three questions in one conversation, and traces
every call of the package during the third. It prints how many modules the numbered list under "The
way of a message" in docs/architecture.md has, whether all of them run, and the calls of a function
in a higher layer. A reply that takes half a second has one such call more, for its checkpoint.
`--all` also prints every module in which a function runs, in the order of their first calls.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import sys
import tempfile
import threading
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

import tomllib

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "sitechat"
STEP = re.compile(r"\(\.\./src/(sitechat/[\w/]+\.py)\)")


def layers() -> dict[str, int]:
    """Return the number of each package's layer, as in pyproject.toml; 0 is the highest."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    [lines] = [each["layers"] for each in contracts if each["id"] == "layers"]
    return {name: at for at, line in enumerate(lines) for name in line.split(" | ")}


def way() -> list[str]:
    """Return the modules of the numbered list under "The way of a message"."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    section = text.partition("## The way of a message")[2].partition("These modules call others")[0]
    numbered = section.partition("\n1. ")[2]
    return list(dict.fromkeys(STEP.findall(numbered)))


class Trace:
    """The calls of the package's functions, in all threads that start after it."""

    def __init__(self) -> None:
        self.is_on = False
        self.modules: dict[str, None] = {}
        self.upward: Counter[tuple[str, str]] = Counter()
        self._layers = layers()

    def __call__(self, frame: FrameType, event: str, _value: object) -> None:
        if not self.is_on or event != "call":
            return
        module = _module(frame)
        if module is None:
            return
        self.modules.setdefault(module)
        below = _caller(frame)
        if below is not None and self._layer(below) > self._layer(module):
            self.upward[below, f"{module}: {frame.f_code.co_qualname}"] += 1

    def _layer(self, module: str) -> int:
        return self._layers[module.split("/")[1].removesuffix(".py")]


def _module(frame: FrameType) -> str | None:
    path = Path(frame.f_code.co_filename)
    return str(path.relative_to(PACKAGE.parent)) if PACKAGE in path.parents else None


def _caller(frame: FrameType) -> str | None:
    """Return the module of the package that is nearest among the callers."""
    above = frame.f_back
    while above is not None:
        module = _module(above)
        if module is not None:
            return module
        above = above.f_back
    return None


async def post(application: Any, text: str, cookie: str) -> tuple[str, bytes]:
    """Send a message; return the session's cookie and the stream."""
    body = json.dumps({"message": text}).encode()
    headers = [
        (b"host", b"testserver"),
        (b"content-type", b"application/json"),
        (b"cookie", cookie.encode()),
    ]
    scope = {
        "type": "http", "method": "POST", "path": "/api/chat/", "raw_path": b"/api/chat/",
        "query_string": b"", "headers": headers, "client": ("127.0.0.1", 1), "scheme": "http",
        "server": ("testserver", 80), "http_version": "1.1", "root_path": "",
        "asgi": {"version": "3.0"},
    }  # fmt: skip
    received = iter([{"type": "http.request", "body": body, "more_body": False}])
    sent: list[dict[str, Any]] = []
    gone = asyncio.Event()

    async def receive() -> dict[str, Any]:
        for message in received:
            return message
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await application(scope, receive, send)
    gone.set()
    chunks = b"".join(each.get("body", b"") for each in sent)
    cookies = [
        value.decode().partition(";")[0] for name, value in sent[0]["headers"]
        if name.lower() == b"set-cookie" and value.startswith(b"sessionid")
    ]  # fmt: skip
    return (cookies or [cookie])[0], chunks


async def ask(application: Any, trace: Trace) -> None:
    cookie = ""
    for number in range(3):
        trace.is_on = number == 2
        cookie, stream = await post(application, f"Question {number}", cookie)
        assert b'"done":"complete"' in stream.replace(b" ", b""), stream
        await asyncio.sleep(0.5)
    trace.is_on = False
    from sitechat import claude

    await claude.close_client()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--all", action="store_true", help="print every module in which code runs")
    options = parser.parse_args()
    trace = Trace()
    threading.setprofile(trace)
    sys.setprofile(trace)
    from sitechat.standin import Answer, StandinProcess

    with StandinProcess() as standin, tempfile.TemporaryDirectory() as folder:
        standin.always(Answer(["one ", "two ", "three"]))
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "served.settings",
            "BENCHMARK_DATABASE": f"{folder}/db.sqlite3",
            "ANTHROPIC_BASE_URL": standin.url,
        }
        from django.core.asgi import get_asgi_application
        from django.core.management import call_command

        application = get_asgi_application()
        call_command("migrate", verbosity=0)
        asyncio.run(ask(application, trace))
    missing = [module for module in way() if module not in trace.modules]
    print(f"{len(way())} modules on the way, of which the trace has {len(way()) - len(missing)}")
    print(f"{len(trace.modules)} modules in which code runs")
    print(f"{len(trace.upward)} different calls back up:")
    for (below, above), times in trace.upward.items():
        print(f"  {times:3} {below} -> {above}")
    if missing:
        print("not called:", *missing)
    if options.all:
        print(*trace.modules, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
