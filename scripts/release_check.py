"""Check what a release needs besides green tests, and print what is missing.

    make release-check

The project's addresses must be set in `project.urls` of pyproject.toml, the version must be the
same everywhere, and CHANGELOG.md must have a dated section for it.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import tomllib

ROOT = Path(__file__).resolve().parent.parent
URLS = ("Repository", "Documentation", "Changelog", "Issues", "Security")
"""The addresses that `project.urls` must have."""

RESERVED = re.compile(r"(^|\.)(example(\.(com|net|org))?|test|invalid|localhost)$")
"""Hosts that never belong to a project."""


def problems(project: Mapping[str, Any], package: str, changelog: str) -> Iterator[str]:
    """Yield what a release lacks.

    Args:
        project: the table `project` of pyproject.toml.
        package: the source of the package's `__init__`.
        changelog: the text of CHANGELOG.md.
    """
    urls = project.get("urls", {})
    for name in URLS:
        address = str(urls.get(name, ""))
        match = re.fullmatch(r"https://([\w.-]+)(?:/.*)?", address)
        if not address:
            yield f"project.urls has no {name}: set it in pyproject.toml."
        elif match is None or RESERVED.search(match[1]):
            yield f"{name} is {address!r}: set the https address of a real host in pyproject.toml."
    version = project["version"]
    if not re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc)\d+)?", version):
        yield f"{version!r} is not the version of a release: write it as 1.2.3 in pyproject.toml."
    if f'__version__ = "{version}"' not in package:
        yield f"sitechat.__version__ is not {version!r}: set it in src/sitechat/__init__.py."
    if not re.search(rf"^## {re.escape(version)} - \d{{4}}-\d{{2}}-\d{{2}}$", changelog, re.M):
        yield (
            f"CHANGELOG.md has no section '## {version} - YYYY-MM-DD': rename 'Unreleased' to it, "
            "with the day of the release."
        )


def main() -> int:
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    package = (ROOT / "src" / "sitechat" / "__init__.py").read_text(encoding="utf-8")
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    found = list(problems(project, package, changelog))
    for problem in found:
        print(problem)
    print(f"Not ready for a release: {len(found)} to do." if found else "Ready for a release.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
