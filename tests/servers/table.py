"""The tables of guarantees in `docs/servers.md`, generated from these tests.

    pytest tests/servers --collect-only -q --write-table

A guarantee is a test that `.ci/run` runs, so it holds at every commit on which that is green.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.servers.sites import ALL_SERVERS, ROOT, Server

PAGE = ROOT / "docs" / "servers.md"
BEGIN, END = "<!-- from the tests -->", "<!-- end -->"
COLLECTED = pytest.StashKey[list[pytest.Item]]()
"""All collected tests of this folder, including those that the run leaves out."""


class Guarantee:
    """A guarantee that a test function checks, and the servers that it is checked on."""

    def __init__(self, chapter: str, sentence: str) -> None:
        self.chapter = chapter
        self.sentence = sentence
        self.servers: set[str] = set()


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
        guarantee.servers |= families
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


def lines(found: Sequence[Guarantee]) -> list[str]:
    """Return the tables in Markdown, one for each chapter."""
    names = [server.name for server in ALL_SERVERS]
    text: list[str] = []
    chapter = None
    for guarantee in found:
        if guarantee.chapter != chapter:
            chapter = guarantee.chapter
            text += ["", f"## {chapter}", "", f"| | {' | '.join(names)} |", "|---" * 11 + "|"]
        cells = ["yes" if name in guarantee.servers else "" for name in names]
        text.append(f"| {guarantee.sentence} | {' | '.join(cells)} |")
    return text


def page(found: Sequence[Guarantee]) -> str:
    """Return `docs/servers.md` with these tables."""
    head, _, rest = PAGE.read_text().partition(BEGIN)
    table = "\n".join(lines(found))
    return f"{head}{BEGIN}\n{table}\n\n{END}{rest.partition(END)[2]}"
