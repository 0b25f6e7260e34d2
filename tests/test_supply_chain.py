"""Tests of locks, licences and workflows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

yaml = pytest.importorskip("yaml")

pytestmark = pytest.mark.pure

ROOT = Path(__file__).resolve().parent.parent
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


@pytest.fixture(autouse=True)
def _scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_every_locked_package_has_hashes(lock: Path) -> None:
    text = re.sub(r"^ *#.*\n", "", lock.read_text(encoding="utf-8"), flags=re.M)
    packages = re.split(r"\n(?=\S)", text.strip())
    assert len(packages) > 0
    for package in packages:
        assert re.match(r"[\w.-]+(\[[\w,-]+\])?==\S+", package), package
        assert "--hash=sha256:" in package, package


def test_the_widgets_packages_have_hashes() -> None:
    lock = json.loads((ROOT / "widget" / "package-lock.json").read_text(encoding="utf-8"))
    packages = {path: found for path, found in lock["packages"].items() if path}
    assert [path for path, found in packages.items() if "integrity" not in found] == []


def licences_page_text() -> str:
    return (ROOT / "requirements" / "licences.md").read_text(encoding="utf-8")


def licences_page() -> dict[str, str]:
    page = licences_page_text()
    rows = re.findall(r"^\| (.+?) \| (.*?) \| (?:a site|the widget|development) \|$", page, re.M)
    return dict(rows)


def test_the_licences_of_what_sites_install_are_listed_and_compatible() -> None:
    import licences

    listed = licences_page()
    installed = licences.installed()
    for name in licences.needed_by("django-sitechat") & set(installed):
        assert name in listed, f"run make licences: {name} is missing"
        row = f"| {name} | {listed[name]} | a site |"
        assert row in licences_page_text(), f"run make licences: {name} is used by sites"
        assert licences.is_compatible(listed[name]), f"{name}: {listed[name]}"


def test_the_licences_of_what_is_built_into_the_widget_are_listed_and_compatible() -> None:
    import licences

    listed = licences_page()
    for name, licence, is_built_in in licences.npm_packages():
        assert listed[f"{name} (npm)"] == licence
        assert not is_built_in or licences.is_compatible(licence)


@pytest.mark.parametrize(
    ("licence", "compatible"),
    [
        ("MIT", True),
        ("BSD-3-Clause AND 0BSD AND MIT AND Zlib AND CC0-1.0", True),
        ("Public Domain OR BSD License OR GNU General Public License (GPL)", True),
        ("MPL-2.0", True),
        ("LGPL-3.0-or-later", True),
        ("GPL-3.0-only", False),
        ("MIT AND AGPL-3.0", False),
        ("", False),
    ],
)
def test_which_licences_are_compatible(licence: str, compatible: bool) -> None:
    import licences

    assert licences.is_compatible(licence) is compatible


def steps(workflow: Path) -> Iterator[dict[str, Any]]:
    for job in yaml.safe_load(workflow.read_text(encoding="utf-8"))["jobs"].values():
        yield from job["steps"]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.stem)
def test_workflows_name_actions_by_commit_and_call_commands_that_exist(workflow: Path) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M)
    for step in steps(workflow):
        if "uses" in step:
            assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", step["uses"])
        for command in re.findall(r"^make ([^>\n]+)", step.get("run", ""), re.M):
            called = [word for word in command.split() if not re.match(r"-|[A-Z]+=", word)]
            assert set(called) <= set(targets), command


def test_the_package_names_the_pythons_of_the_matrix() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    named = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', project)
    jobs = yaml.safe_load((ROOT / ".github/workflows/tests.yml").read_text(encoding="utf-8"))
    matrix = jobs["jobs"]["pythons"]["strategy"]["matrix"]["python"]
    assert set(named) <= set(matrix)
    assert named == sorted(named, key=lambda each: int(each[2:]))
