"""Tests of the script that combines the coverage of all processes."""

from __future__ import annotations

from pathlib import Path

import pytest

coverage = pytest.importorskip("coverage")
SCRIPTS = Path(__file__).resolve().parent.parent / "scripts"


def test_data_of_killed_processes_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    import combine_coverage

    whole, half, empty = (tmp_path / f".coverage.{name}" for name in ("whole", "half", "empty"))
    data = coverage.CoverageData(str(whole))
    data.add_lines({"a.py": range(20_000)})
    data.write()
    data.close()
    half.write_bytes(whole.read_bytes()[:9_000])
    empty.touch()
    assert combine_coverage.remove_broken(tmp_path) == [empty, half]
    assert list(tmp_path.iterdir()) == [whole]
