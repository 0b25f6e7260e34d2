"""Check the package's metadata, the built files in `dist/` and the workflows.

    make package-check

`make wheel-check` builds the files. Nothing here needs the network.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from environment import ROOT, Unavailable, create, say


def commands(bin_folder: Path) -> list[list[str]]:
    """Return the commands to run."""
    built = sorted(map(str, (ROOT / "dist").glob("django_sitechat-*")))
    wheels = [path for path in built if path.endswith(".whl")]
    workflows = sorted(map(str, (ROOT / ".github" / "workflows").glob("*.yml")))
    schema = [str(bin_folder / "check-jsonschema"), "--builtin-schema"]
    dependabot = str(ROOT / ".github" / "dependabot.yml")
    return [
        [str(bin_folder / "validate-pyproject"), str(ROOT / "pyproject.toml")],
        [str(bin_folder / "twine"), "check", "--strict", *built],
        [str(bin_folder / "check-wheel-contents"), *wheels],
        [*schema, "vendor.github-workflows", *workflows],
        [*schema, "vendor.dependabot", dependabot],
        [*schema, "vendor.readthedocs", str(ROOT / ".readthedocs.yaml")],
        [str(bin_folder / "zizmor"), "--offline", "--quiet", "--pedantic", str(ROOT / ".github")],
    ]


def main() -> int:
    try:
        python = create("release")
    except Unavailable as error:
        say(str(error))
        return 1
    if len(list((ROOT / "dist").glob("django_sitechat-*"))) != 2:
        say("dist/ must have one wheel and one sdist: run make wheel-check first.")
        return 1
    codes = [
        subprocess.run(command, cwd=ROOT, check=False).returncode
        for command in commands(python.parent)
    ]
    return 1 if any(codes) else 0


if __name__ == "__main__":
    sys.exit(main())
