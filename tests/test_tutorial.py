"""Tests that the tutorial leads to an answer: all its files are written and its commands run."""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.code_blocks import Block, blocks
from tests.waiting import until

pytestmark = pytest.mark.servers

SRC = Path(__file__).resolve().parent.parent / "src"
TUTORIAL = [block for block in blocks() if block.page == "tutorial.md"]
FILE = re.compile(r"^(?:# |\{# )(?P<path>[\w/.]+)(?P<place>, [^#\n]+?)?(?: #\})?\n")
SERVERS = ("python -m sitechat.standin", "python manage.py runserver")
BY_HAND = ("mkdir", "python3 -m venv", "source", "pip install")
"""Commands that prepare the environment, which the tests have already."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Reader:
    """A reader who follows the tutorial in an empty folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = {"8765": str(free_port()), "8000": str(free_port())}
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("ANTHROPIC", "DJANGO"))}
        path = f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}"
        self.environ = {**kept, "PATH": path, "PYTHONPATH": str(SRC)}
        self.running: list[subprocess.Popen[Any]] = []
        self.output = ""

    def follow(self, block: Block) -> None:
        if block.language == "text":
            assert block.code in self.output
        elif block.language:
            self.write(block.code)
        else:
            for line in block.code.splitlines():
                self.run(line)

    def write(self, code: str) -> None:
        match = FILE.match(code)
        assert match, f"the block does not begin with the name of its file: {code}"
        path, text = self.folder / match["path"], code[match.end() :]
        path.parent.mkdir(exist_ok=True)
        if not match["place"]:
            path.write_text(text)
        elif match["place"] == ", at the end":
            path.write_text(f"{path.read_text()}\n{text}")
        else:
            assert match["place"] == ", before </body>"
            before, end, after = path.read_text().partition("</body>")
            path.write_text(before + text + end + after)

    def run(self, line: str) -> None:
        for documented, free in self.ports.items():
            line = line.replace(documented, free)
        if line.startswith("export "):
            name, _, value = line.removeprefix("export ").partition("=")
            self.environ[name] = value
        elif line.startswith("unset "):
            del self.environ[line.removeprefix("unset ")]
        elif line in SERVERS:
            port = self.ports["8000"] if "runserver" in line else self.ports["8765"]
            self.start(f"{line} {'--port ' if 'standin' in line else ''}{port}", port)
        elif not line.startswith(BY_HAND):
            assert line.startswith("python "), line
            done = subprocess.run(
                [sys.executable, *shlex.split(line)[1:]],
                cwd=self.folder,
                env=self.environ,
                capture_output=True,
                text=True,
                timeout=120,
            )
            assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
            self.output = done.stdout + done.stderr

    def start(self, line: str, port: str) -> None:
        options = ["--noreload"] if "runserver" in line else []
        command = [sys.executable, *line.split()[1:], *options]
        with (self.folder / "server.log").open("ab") as log:
            self.running.append(
                subprocess.Popen(command, cwd=self.folder, env=self.environ, stdout=log, stderr=log)
            )

        def answers() -> bool:
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", int(port))) == 0

        until(answers, 60)

    def stop(self) -> None:
        for process in self.running:
            process.kill()
            process.wait()


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    reader = Reader(tmp_path)
    yield reader
    reader.stop()


@pytest.mark.long
def test_the_tutorial_leads_to_an_answer_with_a_source(reader: Reader) -> None:
    for block in TUTORIAL:
        reader.follow(block)
        if "manage.py check" in block.code:
            assert "sitechat.W001" in reader.output
        if "chat_index" in block.code:
            assert "knows 2 pages" in reader.output
        if "chat_ask" in block.code:
            assert "eight to noon" in reader.output
            assert "/opening-hours/" in reader.output
        if "runserver" in block.code:
            page = httpx.get(f"http://127.0.0.1:{reader.ports['8000']}/opening-hours/")
            assert "<site-chat" in page.text
            break
    with httpx.Client(base_url=f"http://127.0.0.1:{reader.ports['8000']}", timeout=60) as visitor:
        answer = visitor.post("/api/chat/", json={"message": "What does rye bread cost?"})
    assert "four euro" in "".join(re.findall(r'"t": "(.*?)"', answer.text))
    assert '"done": "complete"' in answer.text
