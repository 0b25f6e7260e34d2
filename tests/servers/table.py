"""The tables of guarantees in `docs/servers.md`, generated from the results of these tests.

    pytest tests/servers --write-table

For tests that are not run, the outcomes of earlier runs are used; with `--collect-only`, for all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.servers.sites import ALL_SERVERS, ROOT, Server

PAGE = ROOT / "docs" / "servers.md"
BEGIN, END = "<!-- from the tests -->", "<!-- end -->"
CACHE = "sitechat/servers"
SIGNS = {"passed": "yes", "failed": "**no**"}


class Guarantee:
    """A guarantee that a test function checks, and the servers that it is checked on."""

    def __init__(self, chapter: str, sentence: str) -> None:
        self.chapter = chapter
        self.sentence = sentence
        self.items: dict[str, list[str]] = {}
        """The ids of tests by server."""


def guarantees(items: Iterable[pytest.Item]) -> list[Guarantee]:
    """Return the guarantees of the tests that run on servers of `ALL_SERVERS`, in order."""
    found: dict[tuple[str, str], Guarantee] = {}
    for item in items:
        if Path(__file__).parent not in item.path.parents or not isinstance(item, pytest.Function):
            continue
        families = _families(item)
        if not families:
            continue
        chapter = (item.module.__doc__ or "").strip().partition("\n")[0].rstrip(".")
        sentence = item.originalname.removeprefix("test_").replace("_", " ")
        guarantee = found.setdefault((chapter, sentence), Guarantee(chapter, sentence))
        for family in families:
            guarantee.items.setdefault(family, []).append(item.nodeid)
    return sorted(found.values(), key=lambda g: g.chapter)


def _families(item: pytest.Function) -> set[str]:
    return {value.family for value in parameters(item) if isinstance(value, Server)}


def parameters(item: pytest.Item) -> list[Any]:
    """Return the parameters of a test, and the arguments of its marker `on`."""
    callspec = getattr(item, "callspec", None)
    marked = [mark.args for mark in item.iter_markers("on")]
    values: list[Any] = [*(callspec.params.values() if callspec else ()), *marked]
    return [v for value in values for v in (value if isinstance(value, tuple) else (value,))]


def is_chosen(request: pytest.FixtureRequest, server: Server) -> bool:
    """Return whether a test of this module runs on a server in this run."""
    items = (item for item in request.session.items if item.path == request.path)
    return any(server in parameters(item) for item in items)


def lines(found: Sequence[Guarantee], outcomes: Mapping[str, str]) -> list[str]:
    """Return the tables in Markdown, one for each chapter."""
    names = [server.name for server in ALL_SERVERS]
    text: list[str] = []
    chapter = None
    for guarantee in found:
        if guarantee.chapter != chapter:
            chapter = guarantee.chapter
            text += ["", f"## {chapter}", "", f"| | {' | '.join(names)} |", "|---" * 11 + "|"]
        cells = [_cell(guarantee.items.get(name, ()), outcomes) for name in names]
        text.append(f"| {guarantee.sentence} | {' | '.join(cells)} |")
    return text


def _cell(ids: Sequence[str], outcomes: Mapping[str, str]) -> str:
    seen = {outcomes.get(id, "not run") for id in ids} - {"skipped"}
    return next((SIGNS.get(o, o) for o in ("failed", "not run", "passed") if o in seen), "")


def write(found: Sequence[Guarantee], outcomes: Mapping[str, str]) -> None:
    page = PAGE.read_text()
    head, _, rest = page.partition(BEGIN)
    table = "\n".join(lines(found, outcomes))
    PAGE.write_text(f"{head}{BEGIN}\n{table}\n\n{END}{rest.partition(END)[2]}")


class Recorder:
    """A pytest plugin that stores outcomes."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.outcomes: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.outcome != "passed":
            self.outcomes[report.nodeid] = report.outcome

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        cache = getattr(self.config, "cache", None)  # none with -p no:cacheprovider
        if cache is None:
            return
        known = {**cache.get(CACHE, {}), **self.outcomes}
        if self.outcomes:
            cache.set(CACHE, known)
        if self.config.getoption("--write-table", default=False):
            write(guarantees(session.items), known)
