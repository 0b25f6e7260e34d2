"""Tests of the summary of the test commands."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def reports(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Path]:
    """Create JUnit reports of two runs of pytest."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    (tmp_path / "test_it.py").write_text(
        "import pytest\n"
        "@pytest.mark.skip(reason='there is no Firefox')\n"
        "def test_skipped(): ...\n"
        "def test_passed(): ...\n"
        "def test_failed(): raise ValueError\n"
    )
    made = [tmp_path / "first.xml", tmp_path / "second.xml"]
    for path, selection in zip(made, ["not failed", "failed"], strict=True):
        arguments = [str(tmp_path), "-k", selection, f"--junitxml={path}", "-p", "no:cacheprovider"]
        run_pytest(tmp_path, *arguments)
    return made


def run_pytest(folder: Path, *arguments: str) -> None:
    command = [sys.executable, "-m", "pytest", "-q", f"--rootdir={folder}", *arguments]
    subprocess.run(command, cwd=folder, capture_output=True, check=False)


def test_one_line_sums_up_all_runs_and_comes_last(
    reports: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    from run_tests import Results

    results = Results()
    for number, report in enumerate(reports):
        results.add(f"run {number}", report)
    results.add_missing("MariaDB: nothing listens.")
    results.show()
    lines = capsys.readouterr().out.splitlines()
    assert "  MariaDB: nothing listens." in lines
    assert "  there is no Firefox (1)" in lines
    assert any("test_failed (run 1)" in line for line in lines)
    assert re.fullmatch(r"=+ 1 failed, 1 passed, 1 skipped in \d+s \(0:00:0\d\) =+", lines[-1])
