"""Tests of staff on sites with a custom user model."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.long
def test_staff_work_with_the_custom_user_of_the_documentation_of_django(
    tmp_path: Path,
) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.people.documented_user", str(tmp_path / "db")],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
    )
    assert done.stdout == "failed {}, colleagues ['ann@example.org', 'ben@example.org']"
