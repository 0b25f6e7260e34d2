"""Compare the catalog of Claude's models with what the Anthropic SDK knows.

    make models                  with the locked SDK
    make models ARGS=--newest    with the newest SDK of the package index

The SDK lists model ids and the days on which models end. It has no prices: for a new
model, the script says what to look up. It prints the differences in Markdown, and
fails if there are any.
"""

from __future__ import annotations

import argparse
import importlib.util
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

ROOT = Path(__file__).resolve().parent.parent
CATALOG = ROOT / "src" / "sitechat" / "claude" / "catalog.py"


def load_catalog() -> ModuleType:
    """Load the catalog from its file, without Django."""
    spec = importlib.util.spec_from_file_location("catalog", CATALOG)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(f"{CATALOG} can't be loaded.")
    module = sys.modules["catalog"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def differences(
    catalog: Any, names: Iterable[str], ends: Mapping[str, str], today: date
) -> Iterator[str]:
    """Yield what the catalog lacks or says differently.

    Args:
        catalog: the module `sitechat.claude.catalog`.
        names: the ids of the models that the SDK knows.
        ends: the days on which models end, such as "June 30th, 2026", by id.
        today: the current day.
    """
    known = {catalog.base_name(name) for name in names}
    for name in sorted(known - set(catalog.MODELS)):
        yield (
            f"`{name}` is new: add a row to `MODELS` with its prices, limits, thinking and efforts "
            "from Anthropic's pages about models and pricing."
        )
    for name, text in sorted(ends.items()):
        model = catalog.find(name)
        day = _day(text)
        if model is None or catalog.base_name(name) != name:
            continue
        if day is None:
            yield f"`{name}`: the SDK's day {text!r} can't be read: adapt scripts/models.py."
        elif not model.deprecated or model.retires != day:
            yield f"`{name}` ends on {day}: set `retires` and `deprecated`."
    for model in catalog.MODELS.values():
        if model.name not in known and not model.is_retired(today):
            yield (
                f"`{model.name}` is gone from the SDK: look up the day on which Anthropic ends it, "
                "and set `retires` and `deprecated`."
            )


def _day(text: str) -> date | None:
    try:
        return datetime.strptime(re.sub(r"(\d)(st|nd|rd|th)\b", r"\1", text), "%B %d, %Y").date()  # noqa: DTZ007
    except ValueError:
        return None


def _names(model: Any) -> list[str]:
    """Return the literals of the SDK's type of model ids."""
    return [
        name
        for part in get_args(model)
        for name in (get_args(part) or ())
        if isinstance(name, str) and name.startswith("claude-")
    ]


def report() -> int:
    """Print the differences to the installed SDK and return the exit code."""
    import anthropic
    from anthropic._data import DEPRECATED_MODELS
    from anthropic.types.model import Model

    names = _names(Model)
    if not names:
        print("The SDK's list of models can't be read: adapt scripts/models.py.")
        return 1
    found = list(differences(load_catalog(), names, DEPRECATED_MODELS, date.today()))  # noqa: DTZ011
    if found:
        print(f"`src/sitechat/claude/catalog.py` and anthropic {anthropic.__version__} differ:\n")
        print("\n".join(f"- {line}" for line in found))
    else:
        print(f"The catalog has all models of anthropic {anthropic.__version__}.")
    return 1 if found else 0


def report_newest() -> int:
    """Run `report` in a temporary environment with the newest SDK."""
    from environment import find_pythons, find_uv

    pythons = find_pythons()
    uv = find_uv(pythons)
    with tempfile.TemporaryDirectory() as folder:
        python = Path(folder) / "bin" / "python"
        subprocess.run([uv, "venv", "-q", "--python", max(pythons.items())[1], folder], check=True)
        subprocess.run(
            [uv, "pip", "install", "-q", "--upgrade", "--python", str(python), "anthropic"],
            check=True,
        )
        return subprocess.run([str(python), __file__], check=False).returncode


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--newest", action="store_true", help="compare with the newest SDK")
    return report_newest() if parser.parse_args().newest else report()


if __name__ == "__main__":
    sys.exit(main())
