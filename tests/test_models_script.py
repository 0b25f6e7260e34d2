"""Tests of the comparison of the catalog with the Anthropic SDK."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from sitechat.claude import catalog

ROOT = Path(__file__).resolve().parent.parent
NAMES = list(catalog.MODELS)
TODAY = date(2026, 11, 29)


@pytest.fixture(autouse=True)
def _scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))


def differences(names: list[str], ends: dict[str, str]) -> list[str]:
    import models

    return list(models.differences(catalog, names, ends, TODAY))


def test_the_same_models_do_not_differ() -> None:
    assert differences([*NAMES, "claude-haiku-4-5-20251001"], {}) == []


def test_a_new_model_is_reported_once() -> None:
    [line] = differences([*NAMES, "claude-opus-6", "claude-opus-6-20270101"], {})
    assert "`claude-opus-6` is new" in line
    assert "prices" in line


@pytest.mark.parametrize(
    ("day", "said"),
    [
        ("May 1st, 2027", "ends on 2027-05-01"),
        ("March 22nd, 2027", "ends on 2027-03-22"),
        ("soon", "can't be read"),
    ],
)
def test_the_end_of_a_model_is_reported(day: str, said: str) -> None:
    [line] = differences(NAMES, {"claude-opus-4-7": day, "claude-opus-4-5": "January 22nd, 2027"})
    assert said in line


def test_a_model_that_is_gone_is_reported_unless_it_is_retired() -> None:
    retired = [name for name, model in catalog.MODELS.items() if model.is_retired(TODAY)]
    assert retired
    kept = [name for name in NAMES if name not in {*retired, "claude-opus-4-8"}]
    [line] = differences(kept, {})
    assert "`claude-opus-4-8` is gone" in line


def test_the_catalog_has_all_models_of_the_installed_sdk(
    capsys: pytest.CaptureFixture[str],
) -> None:
    import models

    assert models.report() == 0, capsys.readouterr().out
