"""Write `requirements/licences.md`: the licences of all locked dependencies.

    make licences

The Python packages are those of the locks `newest.txt`, `docs.txt` and `release.txt`. The npm
packages are those of `widget/package-lock.json`. The script fails if a package that sites install,
or that is built into the widget, has a licence with obligations for sites.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, distribution, distributions
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "requirements" / "licences.md"
ENVIRONMENTS = ("newest", "docs", "release")
PROJECT = "django-sitechat"
PERMISSIVE = re.compile(
    r"\b(MIT|MIT-0|0?BSD\b|Apache|ISC|PSF|PSFL|Python Software Foundation|Python-2\.0|Zlib|HPND|"
    r"Unlicense|CC0|Public Domain|BlueOak|ZPL|CC-BY-[34]\.0)",
    re.IGNORECASE,
)
WEAK = re.compile(r"\b(MPL|Mozilla|LGPL|Lesser)", re.IGNORECASE)
"""Licences that ask something only of those who change the package itself."""

Licences = dict[str, str]


def is_compatible(licence: str) -> bool:
    """Return whether an MIT project may depend on a package with that licence."""
    return all(
        PERMISSIVE.search(part) or WEAK.search(part) for part in re.split(r"\bAND\b", licence)
    )


def licence_of(name: str) -> str:
    """Return the licence that an installed package declares; empty if it declares none."""
    metadata = distribution(name).metadata
    if expression := metadata.get("License-Expression"):
        return str(expression)
    declared = " ".join((metadata.get("License") or "").split())
    if declared and len(declared) <= 40:
        return declared
    classified = (
        classifier.rpartition(" :: ")[2]
        for classifier in metadata.get_all("Classifier") or []
        if classifier.startswith("License :: ")
    )
    return " OR ".join(classified) or declared[:40]


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def installed() -> Licences:
    """Return the licences of all packages of this environment, by name."""
    names = {_normal(found.name) for found in distributions()} - {PROJECT}
    return {name: licence_of(name) for name in sorted(names)}


def needed_by(project: str) -> set[str]:
    """Return the names of the installed packages that a project with all its extras needs."""
    extras = distribution(project).metadata.get_all("Provides-Extra") or []
    seen: set[tuple[str, str]] = set()
    waiting = [(project, extra) for extra in ("", *extras)]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        try:
            requires = distribution(name).requires or []
        except PackageNotFoundError:  # for another platform
            continue
        for requirement in map(Requirement, requires):
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                needed = _normal(requirement.name)
                waiting += [(needed, each) for each in ("", *requirement.extras)]
    return {name for name, _ in seen} - {project}


def npm_packages() -> Iterator[tuple[str, str, bool]]:
    """Yield the name of each npm package, its licence, and whether the widget contains it."""
    lock = json.loads((ROOT / "widget" / "package-lock.json").read_text(encoding="utf-8"))
    for path, package in lock["packages"].items():
        if path:
            name = path.rpartition("node_modules/")[2]
            yield name, str(package.get("license", "")), not package.get("dev", False)


def page(shipped: Licences, tools: Licences, npm: Iterable[tuple[str, str, bool]]) -> str:
    """Return the text of PAGE: a table of all packages with their licences and uses."""
    rows = {(name, licence, "a site") for name, licence in shipped.items()}
    rows |= {(name, licence, "development") for name, licence in tools.items()}
    rows |= {
        (f"{name} (npm)", licence, "the widget" if built_in else "development")
        for name, licence, built_in in npm
    }
    lines = [f"| {name} | {licence} | {use} |" for name, licence, use in sorted(rows)]
    return "\n".join([
        "# Licences of the dependencies",
        "",
        "Written by `make licences` from what the packages declare. A site uses what",
        "`pip install django-sitechat` and its extras install. The widget's files contain what the",
        "widget uses. The rest is needed for development only.",
        "",
        "| package | licence | used by |",
        "|---|---|---|",
        *lines,
        "",
    ])  # fmt: skip


def main() -> int:
    if sys.argv[1:] == ["--list"]:
        print(json.dumps(installed()))
        return 0
    from environment import create

    everything: Licences = {}
    for name in ENVIRONMENTS:
        everything |= json.loads(subprocess.check_output([create(name), __file__, "--list"]))
    shipped = {name: everything[name] for name in needed_by(PROJECT) if name in everything}
    tools = {name: licence for name, licence in everything.items() if name not in shipped}
    npm = list(npm_packages())
    PAGE.write_text(page(shipped, tools, npm), encoding="utf-8")
    built_in = {name: licence for name, licence, is_built_in in npm if is_built_in}
    wrong = {n: each for n, each in {**shipped, **built_in}.items() if not is_compatible(each)}
    for name, licence in wrong.items():
        print(f"{name} has the licence {licence or '(none declared)'}.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
