"""Tests of import rules that the contracts of import-linter in pyproject.toml can't check."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "sitechat"
MODULES = [path for path in sorted(PACKAGE.rglob("*.py")) if "migrations" not in path.parts]
PURE = ("claude/catalog.py", "claude/messages.py", "engine/reply.py", "ledger/limits.py")

ALLOWED_IN_PURE = {"django.core.exceptions", "django.utils.functional", "django.utils.translation"}
"""Modules of Django with neither models nor I/O; import-linter sees only `django`."""

CLOCKS_AND_FILES = re.compile(r"\bopen\(|\.now\(|\.today\(|\btime\.|\brandom\.|\buuid4\(")

DEFERRED = re.compile(r"^[ \t]+(?:from|import)[ \t]+sitechat\b", re.MULTILINE)
"""Matches the source of each module that defers an import. Parsing it is expensive."""


def imports(node: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield the name and line of each module that is imported below a node."""
    for child in ast.walk(node):
        if isinstance(child, ast.ImportFrom):
            yield child.module or "", child.lineno
        elif isinstance(child, ast.Import):
            yield from ((alias.name, child.lineno) for alias in child.names)


@pytest.mark.parametrize("name", PURE)
def test_pure_modules_use_neither_models_nor_files_nor_clocks(name: str) -> None:
    source = (PACKAGE / name).read_text(encoding="utf-8")
    django = {module for module, _ in imports(ast.parse(source)) if module.startswith("django")}
    assert django <= ALLOWED_IN_PURE
    assert not CLOCKS_AND_FILES.findall(source)


def test_each_deferred_import_of_the_package_says_why() -> None:
    unexplained = []
    for path in MODULES:
        source = path.read_text(encoding="utf-8")
        if not DEFERRED.search(source):
            continue
        lines = source.splitlines()
        for function in ast.walk(ast.parse(source)):
            if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
                continue
            explained = False
            for statement in function.body:
                for module, line in imports(statement):
                    if module.split(".")[0] != "sitechat":
                        continue
                    # One comment explains the imports that follow it without a gap.
                    above = lines[line - 2].strip()
                    explained = above.startswith("#") or (explained and " import " in above)
                    if not explained:
                        unexplained.append(f"{path.relative_to(PACKAGE)}:{line} {module}")
    assert not unexplained


def test_a_dozen_modules_at_most_lie_at_the_top() -> None:
    top = [path.name for path in PACKAGE.glob("*.py")]
    assert len(top) <= 12, top


def test_each_package_says_what_it_is_for_and_may_import() -> None:
    wrong = []
    for path in MODULES:
        if path.name != "__init__.py" or path.parent == PACKAGE:
            continue
        docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        if not re.search(r"\b[Ii]mports?\b", docstring) or len(docstring.splitlines()) < 2:
            wrong.append(str(path.relative_to(PACKAGE)))
    assert not wrong
