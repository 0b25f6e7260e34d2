"""The wheel of the version before this one, built from the repository's history."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PREVIOUS = "dd2f4402f81e38b84e9df6aaeb9618cf9287638a"
"""The commit of version 0.1.0. Set it to the tag of each release after it is published."""


def unpacked_wheel(folder: Path) -> Path:
    """Build the wheel of the previous version and return the folder with its content."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("the previous version is built from the repository, which is not here")
    pytest.importorskip("hatchling", reason="the wheel is built in the environment for development")
    archive = subprocess.run(
        [git, "archive", PREVIOUS, "pyproject.toml", "README.md", "LICENSE", "src"],
        cwd=ROOT,
        capture_output=True,
    )
    if archive.returncode:
        pytest.skip(f"the repository's history lacks {PREVIOUS[:8]}: fetch it, or set PREVIOUS")
    source = folder / "source"
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
        if sys.version_info >= (3, 12):
            tar.extractall(source, filter="data")
        else:
            tar.extractall(source)  # noqa: S202 (from our own repository)
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=source,
        check=True,
        capture_output=True,
    )
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder / "installed")  # noqa: S202 (built above)
    return folder / "installed"
