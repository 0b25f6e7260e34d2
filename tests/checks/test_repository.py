"""Tests that an API key in the repository is reported."""

from __future__ import annotations

import subprocess
import sys
import types
from pathlib import Path

import pytest
from pytest_django import Settings

from sitechat.checks import repository

KEY = "sk-ant-0123456789-0123456789"


@pytest.fixture
def settings_file(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Create a settings module that contains the key."""
    file = tmp_path / "site" / "settings.py"
    file.parent.mkdir()
    file.write_text(f'ANTHROPIC_API_KEY = "{KEY}"\n')
    module = types.ModuleType("a_site.settings")
    module.__file__ = str(file)
    monkeypatch.setitem(sys.modules, "a_site.settings", module)
    settings.ANTHROPIC_API_KEY = KEY
    settings.SETTINGS_MODULE = "a_site.settings"
    return file


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)


def test_a_key_that_git_knows_is_found(settings_file: Path, tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    assert not list(repository.check_committed_key())
    git(tmp_path, "add", ".")
    (message,) = repository.check_committed_key()
    assert message.id == "sitechat.W003"
    assert KEY not in str(message)


def test_a_key_in_another_repository_is_found(settings_file: Path, tmp_path: Path) -> None:
    (tmp_path / ".hg").mkdir()
    (message,) = repository.check_committed_key()
    assert message.id == "sitechat.W003"


def test_a_key_outside_of_repositories_is_let_alone(settings_file: Path) -> None:
    assert not list(repository.check_committed_key())


def test_a_key_from_the_environment_is_let_alone(settings_file: Path, tmp_path: Path) -> None:
    settings_file.write_text('ANTHROPIC_API_KEY = os.environ["KEY"]\n')
    (tmp_path / ".hg").mkdir()
    assert not list(repository.check_committed_key())
