"""Tests of the stand-in as a process, a command and a pytest fixture."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from sitechat.standin import Standin, StandinControl, StandinProcess
from sitechat.standin.__main__ import main

MODEL = "claude-opus-4-7"


@pytest.fixture
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let other processes import the same packages, even if they are not installed."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


def test_a_taken_port_is_an_error(claude_standin: Standin) -> None:
    with pytest.raises(OSError, match="address already in use"):
        Standin(port=urlsplit(claude_standin.url).port or 0).start()


def test_a_port_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(OverflowError, match="0-65535"):
        Standin(port=70_000).start()


def test_a_start_that_takes_too_long_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    answered = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: answered.wait(60))
    standin = Standin(host="a-name-that-nobody-knows")
    standin.start_timeout = 0.1
    try:
        with pytest.raises(TimeoutError, match=r"did not start within 0\.1 s"):
            standin.start()
    finally:
        answered.set()


def test_a_process_that_takes_too_long_to_start_is_an_error() -> None:
    standin = StandinProcess()
    standin.start_timeout = 0
    with pytest.raises(TimeoutError, match="did not start within 0 s"):
        standin.start()


@pytest.mark.servers
def test_it_runs_as_a_process_too() -> None:
    with StandinProcess() as standin:
        StandinControl(standin.url).script("From afar")
        question = [{"role": "user", "content": "Any zebras?"}]
        body = json.dumps({"model": MODEL, "max_tokens": 9, "messages": question}).encode()
        address = urlsplit(standin.url)
        connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=10)
        headers = {"x-api-key": "k", "anthropic-version": "2026-10-21"}
        connection.request("POST", "/v1/messages", body, headers)
        assert b"From afar" in connection.getresponse().read()
        connection.close()
        assert standin.requests[0].answer_text == "From afar"


@pytest.mark.servers
@pytest.mark.usefixtures("importable")
def test_the_command_says_how_to_use_it_and_ends_on_a_signal() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "sitechat.standin", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert "is listening on http://127.0.0.1:" in process.stdout.readline()
    process.terminate()
    assert "ANTHROPIC_BASE_URL=http://127.0.0.1:" in process.stdout.read()
    assert process.wait(10) == 0
    process.stdout.close()


def test_the_command_reports_an_invalid_port(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--port", "70000"]) == 1
    assert "Cannot listen on 127.0.0.1:70000" in capsys.readouterr().err


@pytest.mark.servers
@pytest.mark.usefixtures("importable")
def test_the_command_reports_a_port_in_use() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = subprocess.run(
            [sys.executable, "-m", "sitechat.standin", "--port", str(port)],
            capture_output=True,
            text=True,
        )
    assert ended.returncode == 1
    assert f"Cannot listen on 127.0.0.1:{port}" in ended.stderr


@pytest.mark.servers
@pytest.mark.usefixtures("importable")
def test_the_fixture_points_the_environment_at_a_clean_standin(tmp_path: Path) -> None:
    (tmp_path / "test_site.py").write_text(
        """
import json, os, urllib.request

def ask():
    body = {
        "model": "claude-opus-4-7",
        "max_tokens": 100,
        "messages": [{"role": "user", "content": "Any zebras?"}],
    }
    headers = {"x-api-key": os.environ["ANTHROPIC_API_KEY"], "anthropic-version": "2026-10-21"}
    url = os.environ["ANTHROPIC_BASE_URL"] + "/v1/messages"
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    return json.load(urllib.request.urlopen(request))["content"][0]["text"]

def test_one(claude_standin):
    claude_standin.script("Hi", "left over")
    assert ask() == "Hi"

def test_two(claude_standin):
    assert claude_standin.requests == []
    assert "I could not find" in ask()
"""
    )
    ended = subprocess.run(
        [
            sys.executable, "-m", "pytest", "-q", "-p", "sitechat.standin.pytest_plugin",
            "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path),
        ],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )  # fmt: skip
    assert "2 passed" in ended.stdout, ended.stdout + ended.stderr


@pytest.mark.usefixtures("importable")
def test_the_plugin_loads_nothing_heavy() -> None:
    code = (
        "import sys, sitechat.standin.pytest_plugin; "
        "print({'anthropic', 'aiohttp', 'django.db', 'tantivy'} & set(sys.modules))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.stdout.strip() == "set()", ended.stderr
