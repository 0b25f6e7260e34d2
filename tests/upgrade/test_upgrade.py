"""Tests that a site keeps all its data when the package is upgraded.

The site was made by `make`, with the version before this one and with an early one, whose data are
kept in `before.sql` (the database) and `before.json` (what the visitor and the owner knew).
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.upgrade.previous import ROOT, unpacked_wheel

Known = dict[str, Any]
FOLDER = Path(__file__).resolve().parent
pytestmark = pytest.mark.servers


def run(module: str, package: Path, database: Path, *arguments: str, known: object = None) -> Any:
    """Run a module with a version of the package, and return the JSON that it prints."""
    result = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        input=json.dumps(known),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.upgrade.site",
            "PYTHONPATH": f"{package}{os.pathsep}.",
            "UPGRADE_DB": str(database),
        },
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout or "null")


@pytest.fixture(scope="module")
def previous(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the package of the previous version."""
    return unpacked_wheel(tmp_path_factory.mktemp("previous"))


@pytest.fixture(
    scope="module",
    params=["an early version", pytest.param("the previous version", marks=pytest.mark.long)],
)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the site's data before the upgrade."""
    if request.param == "an early version":
        return FOLDER
    folder = tmp_path_factory.mktemp("made")
    run("tests.upgrade.make", request.getfixturevalue("previous"), folder / "unused", str(folder))
    return folder


@pytest.fixture(scope="module")
def before(made: Path) -> Known:
    known: Known = json.loads((made / "before.json").read_text(encoding="utf-8"))
    return known


@pytest.fixture(scope="module")
def database(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("upgrade") / "site.sqlite3"
    with sqlite3.connect(path) as connection:
        connection.executescript((made / "before.sql").read_text(encoding="utf-8"))
    connection.close()
    return path


@pytest.fixture(scope="module")
def found(before: Known, database: Path) -> Known:
    """Return the site's data after the upgrade; see `use`."""
    after: Known = run("tests.upgrade.use", ROOT / "src", database, known=before)
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
    found: Known, before: Known, database: Path, previous: Path
) -> None:
    answers = run("tests.upgrade.go_on", previous, database, known=before)
    for who in ("visitor", "stranger"):
        assert '"done": "complete"' in answers[who]
    assert answers["conversation"]["conversation"] == before["conversation"]
    assert len(answers["conversation"]["messages"]) == len(found["conversation"]["messages"]) + 4


@pytest.mark.long
def test_the_previous_version_works_after_its_migrations_are_restored(
    found: Known, before: Known, database: Path, previous: Path
) -> None:
    newest = max(path.stem for path in previous.glob("sitechat/migrations/0*.py"))
    back = ("migrate", "--verbosity", "0", "sitechat", newest)
    run("django", ROOT / "src", database, *back)
    answers = run("tests.upgrade.go_on", previous, database, known=before)
    assert '"done": "complete"' in answers["visitor"]
    assert answers["conversation"]["conversation"] == before["conversation"]
