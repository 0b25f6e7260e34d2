"""Update the catalogs in `src/sitechat/locale` from the sources, and compile them.

New texts have no translation, changed ones are marked as fuzzy. `tests/test_translations.py` lists
both. Needs GNU gettext. `docs/translating.md` is for translators.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "sitechat"
LOCALE = PACKAGE / "locale"

OPTIONS = ("--no-location", "--no-wrap", "--no-obsolete", "--ignore=migrations", "--verbosity=0")


def main() -> None:
    """Extract, merge and compile."""
    os.chdir(PACKAGE)
    languages = sorted(path.name for path in LOCALE.iterdir() if path.is_dir())
    chosen = [argument for name in languages for argument in ("--locale", name)]
    django = [sys.executable, "-m", "django"]
    subprocess.run([*django, "makemessages", *OPTIONS, *chosen], check=True)
    for name in languages:
        remove_date(LOCALE / name / "LC_MESSAGES" / "django.po")
    subprocess.run([*django, "compilemessages", "--verbosity=0"], check=True)


def remove_date(path: Path) -> None:
    """Remove the date of the extraction, which would change the file on each run."""
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(r'"POT-Creation-Date: .*\n', "", text), encoding="utf-8")


if __name__ == "__main__":
    main()
