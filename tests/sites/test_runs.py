"""Tests of `chat_index` if it is killed, runs concurrently, or reads failing pages."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sitechat.standin import StandinProcess
from tests.sites.project import Project, Trait

SOURCES = """
import os, signal
from sitechat.knowledge.sources.base import AnySource, Document


class Notes(AnySource):
    label = "notes"

    def documents(self):
        for number in range(60):
            if os.environ.get("KILLED_AT") == str(number):
                os.kill(os.getpid(), signal.SIGKILL)
            if os.environ.get("RAISES_AT") == str(number):
                raise ConnectionError("the catalogue is down")
            if number == 20 and "MEETS" in os.environ:
                open("meeting", os.environ["MEETS"]).close()  # waits for the other run
            yield Document(
                url=f"/notes/{number}/", key=str(number), title=f"Note {number}",
                text=f"Walrus number {number}", format="plain",
            )
"""
COUNT = """
from sitechat.knowledge import search
from sitechat.models import Page
print(Page.objects.exclude(content_hash="").count(), Page.objects.exclude(error="").count(),
      len(search("walrus", user=None, limit=100)))
"""


@pytest.fixture
def site(tmp_path: Path, standin_process: StandinProcess, migrated: Path) -> Project:
    """Return a site with sixty notes."""
    trait = Trait(
        "notes",
        "INSTALLED_APPS += ['notes']\n",
        {"notes/__init__.py": "", "notes/chat_sources.py": SOURCES},
    )
    project = Project(trait, tmp_path / "site", standin_process.url)
    project.variables["TMPDIR"] = str(tmp_path)
    project.prepare(migrated)
    return project


def run(site: Project, **environ: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "django", "chat_index"],
        cwd=site.folder,
        env={**os.environ, **site.variables, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def known(site: Project) -> list[int]:
    """Return how many pages are stored, have failed, and are found."""
    output = site.manage("shell", "-v0", "-c", COUNT)
    return [int(count) for count in output.strip().splitlines()[-1].split()]


@pytest.mark.long
def test_a_killed_run_loses_nothing_and_the_next_goes_on(site: Project) -> None:
    killed = run(site, KILLED_AT="40")
    killed.communicate()
    assert killed.returncode < 0
    assert known(site) == [40, 0, 40]
    killed = run(site, KILLED_AT="20")
    killed.communicate()
    assert known(site) == [40, 0, 40]
    output, errors = run(site).communicate()
    assert output.startswith("20 added, 40 unchanged. The chat knows 60 pages")
    assert errors == ""
    assert known(site) == [60, 0, 60]


@pytest.mark.long
def test_two_runs_at_once_do_the_work_of_one(site: Project) -> None:
    os.mkfifo(site.folder / "meeting")
    runs = [run(site, MEETS=mode) for mode in ("r", "w")]
    for one in runs:
        output, errors = one.communicate(timeout=60)
        assert (one.returncode, errors) == (0, "")
        assert "The chat knows 60 pages in 60 passages." in output
    assert known(site) == [60, 0, 60]


@pytest.mark.long
def test_a_source_that_fails_in_its_middle_is_reported_once(site: Project) -> None:
    run(site).communicate()
    output, errors = run(site, RAISES_AT="30").communicate()
    assert output.startswith("30 unchanged. The chat knows 60 pages")
    assert errors == (
        "notes: stopped after 30 pages (ConnectionError: the catalogue is down); "
        "its other pages keep their old text\n"
    )
    assert known(site) == [60, 0, 60]
