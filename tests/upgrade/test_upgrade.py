"""Tests that a site keeps all its data when the package is upgraded.

The site was made by `make`, with the version before this one and with an early one, whose data are
kept in `before.sql` (the database) and `before.json` (what the visitor and the owner knew).
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.servers.conftest import run_on_mariadb, run_on_postgresql
from tests.upgrade.previous import ROOT, unpacked_wheel

Known = dict[str, Any]
FOLDER = Path(__file__).resolve().parent
CURRENT = ROOT / "src"
pytestmark = pytest.mark.servers


class Site(NamedTuple):
    """The site's database and what its visitor and owner knew before the upgrade."""

    environ: dict[str, str]
    known: Known

    def run(self, module: str, package: Path, *arguments: str) -> Any:
        """Run a module with a version of the package, and return the JSON that it prints."""
        result = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            input=json.dumps(self.known),
            capture_output=True,
            text=True,
            cwd=ROOT,
            env={
                **os.environ,
                **self.environ,
                "DJANGO_SETTINGS_MODULE": "tests.upgrade.site",
                "PYTHONPATH": f"{package}{os.pathsep}.",
            },
        )
        assert result.returncode == 0, result.stderr
        return json.loads(result.stdout or "null")

    def migrate(self, target: str) -> None:
        self.run("django", CURRENT, "migrate", "--verbosity", "0", "sitechat", target)


@pytest.fixture(scope="module")
def previous(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the package of the previous version."""
    return unpacked_wheel(tmp_path_factory.mktemp("previous"))


@pytest.fixture(
    scope="module",
    params=[
        ("an early version", "sqlite"),
        *(
            pytest.param(("the previous version", vendor), marks=mark)
            for vendor, mark in (
                ("postgresql", pytest.mark.long),
                ("sqlite", pytest.mark.nightly),
                ("mariadb", pytest.mark.nightly),
            )
        ),
    ],
    ids=" on ".join,
)
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """Return the site before the upgrade."""
    version, vendor = request.param
    folder = tmp_path_factory.mktemp("site")
    name = f"sitechat_upgrade_{os.getpid()}"
    if vendor == "postgresql":
        run_on_postgresql(f"CREATE DATABASE {name}")
    elif vendor == "mariadb":
        run_on_mariadb(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
    else:
        name = str(folder / "site.sqlite3")
    environ = {"SITECHAT_TEST_DB": vendor, "SITECHAT_TEST_DB_NAME": name}
    try:
        if version == "an early version":
            folder = FOLDER
            with sqlite3.connect(name) as connection:
                connection.executescript((FOLDER / "before.sql").read_text(encoding="utf-8"))
            connection.close()
        else:
            previous = request.getfixturevalue("previous")
            Site(environ, {}).run("tests.upgrade.make", previous, str(folder))
        yield Site(environ, json.loads((folder / "before.json").read_text(encoding="utf-8")))
    finally:
        if vendor == "postgresql":
            run_on_postgresql(f"DROP DATABASE {name} WITH (FORCE)")
        elif vendor == "mariadb":
            run_on_mariadb(f"DROP DATABASE {name}")


@pytest.fixture(scope="module")
def before(site: Site) -> Known:
    return site.known


@pytest.fixture(scope="module")
def found(site: Site) -> Known:
    """Return the site's data after the upgrade; see `use`."""
    after: Known = site.run("tests.upgrade.use", CURRENT)
    return after


def seen(message: Known, keys: Known) -> Known:
    return {key: message[key] for key in keys}


def test_the_session_still_holds_the_conversation(found: Known, before: Known) -> None:
    assert found["conversation"]["conversation"] == before["conversation"]
    messages = found["conversation"]["messages"]
    assert [seen(message, before["messages"][0]) for message in messages[:4]] == before["messages"]


def test_a_reply_whose_process_ended_keeps_its_text(found: Known, before: Known) -> None:
    last = found["conversation"]["messages"][-1]
    assert last["id"] == before["interrupted"]["reply"]
    assert last["status"] == "interrupted"
    assert last["text"].startswith(before["interrupted"]["begins"])
    assert found["conversation"]["running"] is None
    assert found["usage"] == ["complete", "complete", "interrupted", "complete"]


def test_a_reply_is_found_under_its_address(found: Known, before: Known) -> None:
    assert found["reply"]["text"] == before["messages"][1]["text"]
    assert found["reply"]["sources"] == before["messages"][1]["sources"]


def test_a_retry_of_an_old_message_costs_nothing(found: Known, before: Known) -> None:
    assert before["replies"][0] in found["retry"]
    assert found["requests of the retry"] == 0


def test_the_conversation_goes_on_with_its_history(found: Known, before: Known) -> None:
    assert '"done": "complete"' in found["next"]
    assert json.dumps(before["messages"][1]["text"]) in found["sent"]


def test_no_page_is_embedded_again(found: Known, before: Known) -> None:
    assert [text for text in found["embedded again"] if "parcel" in text.lower()] == []


def test_what_is_kept_is_exported_and_shown_in_the_admin(found: Known, before: Known) -> None:
    [conversation] = found["export"]["conversations"]
    assert len(conversation["messages"]) == 8
    assert set(found["admin"].values()) == {200}


@pytest.mark.long
def test_a_process_of_the_previous_version_goes_on_after_the_migration(
    site: Site, found: Known, before: Known, previous: Path
) -> None:
    if site.environ["SITECHAT_TEST_DB"] == "sqlite":
        pytest.skip("sites on SQLite stop their processes for the upgrade from 0.1")
    answers = site.run("tests.upgrade.go_on", previous)
    for who in ("visitor", "stranger"):
        assert '"done": "complete"' in answers[who]
    assert answers["conversation"]["conversation"] == before["conversation"]
    assert len(answers["conversation"]["messages"]) == len(found["conversation"]["messages"]) + 4


@pytest.mark.long
def test_the_previous_version_works_after_its_migrations_are_restored(
    site: Site, found: Known, before: Known, previous: Path
) -> None:
    newest = max(path.stem for path in previous.glob("sitechat/migrations/0*.py"))
    page = (ROOT / "docs" / "upgrade.md").read_text(encoding="utf-8")
    assert re.findall(r"migrate sitechat (\d+)", page) == [newest[:4]]
    site.migrate(newest)
    answers = site.run("tests.upgrade.go_on", previous)
    assert '"done": "complete"' in answers["visitor"]
    assert answers["conversation"]["conversation"] == before["conversation"]


@pytest.mark.long
def test_all_migrations_can_be_reversed_and_applied_again(site: Site, found: Known) -> None:
    site.migrate("zero")
    site.run("django", CURRENT, "migrate", "--verbosity", "0")
