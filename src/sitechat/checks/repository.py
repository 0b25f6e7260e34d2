"""Check that the API key is not in a file under version control."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Warning
from django.utils.translation import gettext as _

REPOSITORIES = (".git", ".hg", ".svn", ".jj")

GIT_TIMEOUT = 2.0
"""Seconds to wait for git."""


def check_committed_key(**kwargs: Any) -> Iterator[CheckMessage]:
    """W003: the API key is written in a settings file under version control."""
    key = getattr(settings, "ANTHROPIC_API_KEY", None)
    if not isinstance(key, str) or len(key) < 20:
        return
    for file in settings_files():
        if _holds(file, key) and under_version_control(file):
            yield Warning(
                _("ANTHROPIC_API_KEY is written out in %(file)s, which is under version control.")
                % {"file": file},
                hint=_(
                    "Read it from the environment, and make a new key: the old one stays in "
                    "the repository's history."
                ),
                id="sitechat.W003",
            )


def settings_files() -> list[Path]:
    """Return the files of the settings module and of loaded modules in the same package."""
    name = getattr(settings, "SETTINGS_MODULE", None)
    if not isinstance(name, str):
        return []
    package = name.rpartition(".")[0]
    files = []
    for module_name, module in list(sys.modules.items()):
        is_sibling = package and module_name.rpartition(".")[0] == package
        file = getattr(module, "__file__", None)
        if file and (module_name == name or is_sibling):
            files.append(Path(file))
    return sorted(files)


def _holds(file: Path, key: str) -> bool:
    try:
        return key in file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False


def under_version_control(file: Path) -> bool:
    """Return whether a repository tracks the file; False if the file is in no repository.

    True if git fails, or if the repository is not one of git.
    """
    repository = next(
        (folder for folder in file.parents for name in REPOSITORIES if (folder / name).exists()),
        None,
    )
    if repository is None:
        return False
    if not (repository / ".git").exists():
        return True
    try:
        result = subprocess.run(  # noqa: S603 - no shell, and the path is the settings' own
            ["git", "ls-files", "--error-unmatch", "--", str(file)],  # noqa: S607
            cwd=repository,
            capture_output=True,
            timeout=GIT_TIMEOUT,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return True
    # 1: the file is not tracked, perhaps on purpose. 128: git failed.
    return result.returncode != 1
