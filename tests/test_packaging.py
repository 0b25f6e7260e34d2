"""Tests that the wheel and the sdist contain what a site needs."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_bytes
from email.message import Message
from pathlib import Path

import pytest

import sitechat

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "sitechat"

pytest.importorskip("hatchling", reason="built in the environment for development")


pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    return folder


@pytest.fixture(scope="module")
def wheel(dist: Path) -> zipfile.ZipFile:
    (path,) = dist.glob("*.whl")
    return zipfile.ZipFile(path)


def test_the_wheel_holds_every_file_of_the_package(wheel: zipfile.ZipFile) -> None:
    source = {
        f"sitechat/{path.relative_to(PACKAGE).as_posix()}"
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert packed == source
    assert {"sitechat/py.typed", "sitechat/migrations/0001_initial.py"} <= packed


def metadata_of(wheel: zipfile.ZipFile) -> Message:
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return message_from_bytes(wheel.read(name))


def test_every_dependency_is_justified(wheel: zipfile.ZipFile) -> None:
    metadata = metadata_of(wheel)
    required = [re.split(r"[^\w-]", one)[0] for one in metadata.get_all("Requires-Dist", [])]
    page = (ROOT / "docs" / "architecture.md").read_text()
    page = page[page.index("## What it depends on") :].lower()
    for name in {*required, *metadata.get_all("Provides-Extra", [])} - {"django"}:
        assert f"`{name}`" in page


def test_the_wheel_says_what_it_needs(wheel: zipfile.ZipFile) -> None:
    metadata = metadata_of(wheel)
    assert metadata["Version"] == sitechat.__version__
    assert metadata["Requires-Python"] == ">=3.10"
    assert metadata["License-Expression"] == "MIT"
    required = metadata.get_all("Requires-Dist", [])
    assert "django>=4.2" in required
    assert not any("pytest" in requirement for requirement in required)
    assert metadata.get_all("Provides-Extra") == [
        "embeddings",
        "eval",
        "files",
        "html",
        "mcp",
        "metrics",
        "onnx",
    ]


def test_the_sdist_can_be_tested(dist: Path) -> None:
    (path,) = dist.glob("*.tar.gz")
    with tarfile.open(path) as sdist:
        names = {name.partition("/")[2] for name in sdist.getnames()}
    assert {"pyproject.toml", "Makefile", "tests/settings.py", "requirements/newest.txt"} <= names
    assert not any(name.startswith((".venv", "node_modules")) for name in names)
