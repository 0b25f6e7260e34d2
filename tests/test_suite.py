"""What the tests must not do: replace our code, wait for a fixed time, or get a second try."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TESTS = ROOT / "tests"
WAITING = TESTS / "waiting.py"
FILES = sorted({*TESTS.rglob("*.py")} - {WAITING})
SLEEPS = frozenset({"sleep", "wait_for_timeout"})
SLEEP = re.compile("|".join(SLEEPS))
"""Matches the source of each file that may sleep. Parsing a file is expensive."""

SECOND_TRIES = re.compile(r"rerunfailures|pytest[-_.]retry|\bflaky\b|\breruns?=|--reruns|\.flaky\b")


def sleeps(source: str) -> Iterator[str]:
    """Yield the lines of Python code that wait for a fixed time."""
    if not SLEEP.search(source):
        return
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.alias) and node.name in SLEEPS:
            yield f"line {node.lineno}: import of {node.name}"
        elif isinstance(node, ast.Attribute) and node.attr in SLEEPS:
            yield f"line {node.lineno}: {ast.unparse(node)}"


def test_no_test_waits_for_a_fixed_time() -> None:
    """Check that only `tests.waiting` sleeps."""
    found = {
        str(path.relative_to(ROOT)): list(sleeps(path.read_text(encoding="utf-8")))
        for path in FILES
    }
    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    "source",
    [
        "import time\ntime.sleep(1)",
        "from time import sleep\n",
        "async def f():\n    await asyncio.sleep(1)",
        "page.wait_for_timeout(100)",
    ],
)
def test_a_fixed_wait_is_found(source: str) -> None:
    assert list(sleeps(source))


PATCHES = frozenset({"setattr", "delattr", "object"})
"""Methods that replace an attribute: of `monkeypatch`, and `mock.patch.object`."""

REPLACES = re.compile(rf"\.\s*(?:{'|'.join(PATCHES)})\b|\bpatch\b")
"""Matches the source of each file that may replace something."""

SMALLER = TESTS / "smaller.py"
"""Lowers public constants for the fixture `smaller`, which checks that they are documented."""


PRIVATE = re.compile(r"[.\s(]_(?!_)\w")
"""Matches the source of each file that may use a private name."""

DJANGO_NAMES = frozenset({"_meta", "_default_manager"})
"""Documented names of Django that begin with an underscore."""


def names_of_package(tree: ast.AST) -> set[str]:
    """Return the names that Python code imports from the package."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "sitechat":
            names.update(alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.Import):
            names.update(
                alias.asname or "sitechat"
                for alias in node.names
                if alias.name.split(".")[0] == "sitechat"
            )
    return names


def private_names(source: str) -> Iterator[str]:
    """Yield the lines of Python code that use a private name of the package."""
    if "sitechat" not in source or not PRIVATE.search(source):
        return
    tree = ast.parse(source)
    ours = names_of_package(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            is_private = node.attr.startswith("_") and not node.attr.startswith("__")
            if not is_private or node.attr in DJANGO_NAMES:
                continue
            if re.split(r"\W", ast.unparse(node), maxsplit=1)[0] in ours:
                yield f"line {node.lineno}: {ast.unparse(node)}"
    yield from (f"import of {name}" for name in ours if name.startswith("_"))


def test_no_test_uses_private_names_of_the_package() -> None:
    found = {
        str(path.relative_to(ROOT)): list(private_names(path.read_text(encoding="utf-8")))
        for path in FILES
    }
    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    ("source", "is_found"),
    [
        ("from sitechat import claude\nclaude._breaker.failed()", True),
        ("from sitechat import claude\nclaude.Call()._answer = None", True),
        ("from sitechat.claude import _seconds", True),
        ("from sitechat.models import Message\nMessage._meta", False),
        ("os._exit(1)", False),
    ],
)
def test_a_private_name_is_found(source: str, is_found: bool) -> None:
    assert bool(list(private_names(source))) is is_found


def patches(source: str) -> Iterator[str]:
    """Yield the lines of Python code that replace something in the package.

    Replacing attributes of other packages, of the standard library or of classes that the test
    itself defines is allowed.
    """
    if "sitechat" not in source or not REPLACES.search(source):
        return
    tree = ast.parse(source)
    ours = names_of_package(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and _replaces(node.func):
            target = ast.unparse(node.args[0]).lstrip("f").strip("'\"")
            is_path = isinstance(node.args[0], ast.Constant | ast.JoinedStr)
            root = target.split(".")[0]
            if root == "sitechat" if is_path else root in ours:
                yield f"line {node.lineno}: {ast.unparse(node)}"


def _replaces(function: ast.expr) -> bool:
    if not isinstance(function, ast.Attribute):
        return isinstance(function, ast.Name) and function.id == "patch"
    return function.attr in PATCHES or ast.unparse(function) == "mock.patch"


def test_no_test_replaces_what_the_package_does() -> None:
    """Tests use settings, arguments, own fakes and real data; `smaller` lowers constants."""
    found = {
        str(path.relative_to(ROOT)): list(patches(path.read_text(encoding="utf-8")))
        for path in FILES
        if path != SMALLER
    }
    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    ("source", "is_found"),
    [
        ("from sitechat import claude\nmonkeypatch.setattr(claude, 'Call', None)", True),
        ("import sitechat\nmonkeypatch.setattr(sitechat.claude, 'Call', None)", True),
        ("monkeypatch.setattr('sitechat.claude.Call', None)", True),
        ("monkeypatch.setattr(f'sitechat.{name}.Call', None)", True),
        ("mock.patch('sitechat.claude.Call')", True),
        ("from sitechat import claude\nmock.patch.object(claude, 'Call')", True),
        ("monkeypatch.setattr('sys.stdin', None)", False),
        ("monkeypatch.setattr(f'{__name__}.embed', None)", False),
        ("monkeypatch.setattr(OwnBot, 'effort', 'low')", False),
        ("smaller(module, BATCH=2)", False),
    ],
)
def test_a_replacement_is_found(source: str, is_found: bool) -> None:
    assert bool(list(patches(source))) is is_found


VARIES = frozenset(
    {"now", "today", "localdate", "time", "monotonic", "uuid4", "random", "token_hex", "getpid"}
)
"""Functions whose results differ between two processes of one run."""


def varying_parameters(source: str) -> Iterator[str]:
    """Yield the parameters of tests that differ between two processes.

    Parameters become part of the tests' names, and pytest-xdist stops unless all its processes
    collect the same names. `gzip.compress` writes the time into what it returns.
    """
    if "parametrize" not in source:
        return
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".parametrize"):
            for call in ast.walk(node):
                if isinstance(call, ast.Call) and _varies(call):
                    yield f"line {call.lineno}: {ast.unparse(call)}"


def _varies(call: ast.Call) -> bool:
    function = ast.unparse(call.func)
    if function == "gzip.compress":
        return all(keyword.arg != "mtime" for keyword in call.keywords)
    return function.split(".")[-1] in VARIES


def test_all_processes_collect_the_same_tests() -> None:
    found = {
        str(path.relative_to(ROOT)): list(varying_parameters(path.read_text(encoding="utf-8")))
        for path in FILES
    }
    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize(
    ("value", "is_found"),
    [
        ("gzip.compress(b'text')", True),
        ("gzip.compress(b'text', mtime=0)", False),
        ("timezone.now()", True),
        ("now", False),
        ("uuid.uuid4().hex", True),
        ("datetime(2026, 1, 1)", False),
    ],
)
def test_a_varying_parameter_is_found(value: str, is_found: bool) -> None:
    source = f"@pytest.mark.parametrize('body', [{value}])\ndef test(body): ..."
    assert bool(list(varying_parameters(source))) is is_found


MAX_FILE_LENGTH = 300
"""Maximum lines of a test file."""


def test_no_file_of_the_tests_is_too_long() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines())
        for path in TESTS.rglob("*.py")
    }
    assert {path: lines for path, lines in lengths.items() if lines > MAX_FILE_LENGTH} == {}


def test_no_test_gets_a_second_try() -> None:
    files = [
        *(path for path in FILES if path != Path(__file__).resolve()),
        *(ROOT / name for name in ("pyproject.toml", "Makefile", ".ci/run")),
        *ROOT.glob("requirements/*"),
    ]
    assert [
        str(path.relative_to(ROOT))
        for path in files
        if path.is_file() and SECOND_TRIES.search(path.read_text(encoding="utf-8"))
    ] == []
