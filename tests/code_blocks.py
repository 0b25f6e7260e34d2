"""The code blocks of the documentation, and how each kind is checked. See `test_docs_code`."""

from __future__ import annotations

import ast
import configparser
import importlib
import importlib.util
import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from django.core.management import CommandError, get_commands, load_command_class
from django.template import engines

ROOT = Path(__file__).resolve().parent.parent
PAGES = [
    *sorted((ROOT / "docs").glob("*.md")),
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "SUPPORT.md")),
]
IMPORTED = frozenset({"sitechat", "django", "anthropic"})
"""Packages whose names in examples must exist."""


@dataclass(frozen=True)
class Block:
    page: str
    line: int
    language: str
    code: str


def blocks() -> Iterator[Block]:
    """Yield all code blocks of all pages."""
    fence = re.compile(r"^( *)```([\w-]*)\n(.*?)^\1```$", re.M | re.S)
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        for match in fence.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            code = re.sub(rf"^{match[1]}", "", match[3], flags=re.M)
            yield Block(path.name, line, match[2], code)


def check_python(code: str) -> None:
    """Compile the code and look up what it imports from packages that are installed."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in IMPORTED:
            module = importlib.import_module(node.module or "")
            for alias in node.names:
                if not hasattr(module, alias.name):
                    importlib.import_module(f"{node.module}.{alias.name}")
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] in IMPORTED:
                    importlib.import_module(alias.name)


def settings_in(code: str) -> dict[str, Any]:
    """Return the settings of the chat that the code sets to literals."""
    found = {}
    for node in ast.parse(code).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if name.startswith("CHAT_"):
                try:
                    found[name] = ast.literal_eval(node.value)
                except ValueError:  # made of other names
                    continue
    return found


def check_template(code: str) -> None:
    """Compile the template. Examples may leave out `{% load sitechat %}`."""
    head = "" if "{% extends" in code else "{% load sitechat static %}"
    engines["django"].from_string(head + code)


def check_json(code: str) -> None:
    json.loads(code)


def check_yaml(code: str) -> None:
    importlib.import_module("yaml").safe_load(code)


def check_ini(code: str) -> None:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(code)
    assert parser.sections()


def check_braces(code: str) -> None:
    """Check that braces of CSS or nginx are balanced."""
    depth = 0
    for character in code:
        depth += (character == "{") - (character == "}")
        assert depth >= 0
    assert depth == 0


def check_dockerfile(code: str) -> None:
    """Check that each line begins with an instruction, and that lists are JSON."""
    for line in code.splitlines():
        instruction, _, rest = line.partition(" ")
        assert instruction in INSTRUCTIONS, line
        if rest.startswith("["):
            assert all(isinstance(word, str) for word in json.loads(rest)), line


def check_script(code: str) -> None:
    node = shutil.which("node")
    if node is not None:
        subprocess.run(
            [node, "--input-type=module", "--check"], input=code, text=True, check=True, timeout=60
        )


def check_html(code: str) -> None:
    parser = HTMLParser()
    parser.feed(code)
    parser.close()


def check_catalog(code: str) -> None:
    assert re.fullmatch(r'(msgctxt ".+"\n)?msgid ".+"\nmsgstr ".+"\n', code)


def check_events(code: str) -> None:
    """Check a stream of Server-Sent Events."""
    for line in filter(None, code.splitlines()):
        field, _, value = line.partition(": ")
        assert field in ("", "id", "data"), line
        if field == "data" and value != "[DONE]":
            assert isinstance(json.loads(value), dict)


def check_commands(code: str) -> None:
    """Check a stream of events, or the commands among the lines. Others are their output."""
    if re.search("^data: ", code, re.M):
        check_events(code)
        return
    lines = re.sub(r"\\\n *", " ", code).splitlines()
    checked = [check_command(line) for line in lines]
    assert any(checked), "no line of this block is a known command: name its language"


def check_command(line: str) -> bool:
    """Check a shell command; return whether the line is one that can be checked."""
    words = shlex.split(line, comments=True)
    while words and re.match(r"[A-Z_]+=|cd$|&&|\$$", words[0]):
        words = words[2:] if words[0] == "cd" else words[1:]
    for start, check in COMMANDS.items():
        prefix = start.split()
        if words[: len(prefix)] == prefix:
            check(words[len(prefix) :])
            return True
    return False


def _manage(arguments: list[str]) -> None:
    name, *rest = arguments
    if name in PROJECT_COMMANDS:
        return
    app = get_commands()[name]
    command = load_command_class(app, name) if isinstance(app, str) else app
    try:
        command.create_parser("manage.py", name).parse_args(rest)
    except CommandError as error:
        raise AssertionError(f"manage.py {' '.join(arguments)}: {error}") from error


INSTRUCTIONS = frozenset(["CMD", "COPY", "ENV", "EXPOSE", "FROM", "RUN", "USER", "WORKDIR"])
PROJECT_COMMANDS = frozenset({"startapp", "startproject"})


def _make(arguments: list[str]) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    # In a list of commands, the words after the target explain it.
    assert arguments[0] in targets


def _pip(arguments: list[str]) -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    extras = project.partition("[project.optional-dependencies]")[2].partition("\n[")[0]
    for extra in re.findall(r"django-sitechat\[(\w+)\]", " ".join(arguments)):
        assert re.search(rf"^{extra} = ", extras, re.M), f"there is no extra {extra}"


def _module(arguments: list[str]) -> None:
    name = arguments[0]
    assert importlib.util.find_spec(name) is not None, name


def _file(arguments: list[str]) -> None:
    assert (ROOT / arguments[0]).exists(), arguments[0]


def _npm(arguments: list[str]) -> None:
    scripts = json.loads((ROOT / "widget" / "package.json").read_text(encoding="utf-8"))["scripts"]
    assert arguments[0] in scripts


def _any(arguments: list[str]) -> None:
    """Accept the commands of other programs."""


COMMANDS: dict[str, Callable[[list[str]], None]] = {
    "python manage.py": _manage,
    "venv/bin/python manage.py": _manage,
    "python -m pip install": _pip,
    "python3 -m venv": _any,
    "python -m django": _any,
    "python -m": _module,
    "python": _file,
    "pip install": _pip,
    "pytest": _file,
    "make": _make,
    "npm run": _npm,
    "npm": _any,
    "gunicorn": _any,
    "uvicorn": _any,
    "curl": _any,
    "export": _any,
    "unset": _any,
    "source": _any,
    "mkdir": _any,
    "docker": _any,
    "15 3 * * *": _any,
}
"""The functions that check commands, by their first words. The first match gets the other words."""

CHECKS: dict[str, Callable[[str], None]] = {
    "": check_commands,
    "python": check_python,
    "django": check_template,
    "json": check_json,
    "yaml": check_yaml,
    "ini": check_ini,
    "css": check_braces,
    "nginx": check_braces,
    "dockerfile": check_dockerfile,
    "js": check_script,
    "html": check_html,
    "po": check_catalog,
    "text": lambda code: None,  # output and pictures: nothing to run
}
