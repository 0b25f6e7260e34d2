"""Tests that modules, classes and functions of the package have different names."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

Trees = dict[Path, ast.Module]

PACKAGE = Path(__file__).resolve().parent.parent / "src" / "sitechat"
FILES = [
    path
    for path in sorted(PACKAGE.rglob("*.py"))
    if not {"migrations", "standin"} & set(path.relative_to(PACKAGE).parts)
]


@pytest.fixture(scope="module")
def trees() -> Trees:
    """Return the syntax tree of each file."""
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in FILES}


ONE_THING = {
    "Command": "Django asks for this name",
    "chat_widget": "the tag for Django's templates and the function for Jinja2's",
    "examine": "each part of the doctor, and all of them",
    "cleanup": "the task and what it calls",
}
"""Names that two modules share for the same thing."""

ONE_SUBJECT = {
    "approved_answers": "their table and their page in the admin",
    "base": "what the modules beside it derive from",
    "conversations": "the package, and its page in the admin",
    "deliveries": "their table and their page in the admin",
    "knowledge": "the package, its checks, its tables and its report",
    "limits": "what they mean, and whether they are sensible",
    "contacts": "their table and the checks of their form",
    "messages": "their table, and the form in which Claude gets them",
    "reports": "the package and its tables",
    "sitechat": "the package and its template tags",
    "unanswered": "the table of unanswered questions and its page in the admin",
    "urls": "Django's name for URL patterns",
    "usage": "its table and its page in the admin",
    "webhooks": "those of CHAT_WEBHOOKS, and the checks of the setting",
}
"""Modules of one name in several packages, and the subject that they share."""


def definitions(trees: Trees, kinds: tuple[type[ast.stmt], ...]) -> dict[str, list[str]]:
    """Return the modules that define each public name of the given kinds."""
    found = defaultdict(list)
    for path, tree in trees.items():
        for node in tree.body:
            if isinstance(node, kinds) and not getattr(node, "name", "_").startswith("_"):
                found[getattr(node, "name", "")].append(str(path.relative_to(PACKAGE)))
    return {
        name: paths for name, paths in found.items() if len(paths) > 1 and name not in ONE_THING
    }


def bare_imports(trees: Trees) -> Iterator[tuple[str, str]]:
    """Yield the names that modules import from the package under the same name."""
    for path, tree in trees.items():
        if path.name == "__init__.py":  # exports
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sitechat."):
                for alias in node.names:
                    if alias.asname is None:
                        yield alias.name, str(path.relative_to(PACKAGE))


def test_each_class_has_a_name_of_its_own(trees: Trees) -> None:
    assert not definitions(trees, (ast.ClassDef,))


def test_functions_of_one_name_are_called_through_their_modules(trees: Trees) -> None:
    shared = definitions(trees, (ast.FunctionDef, ast.AsyncFunctionDef))
    ambiguous = {(name, path) for name, path in bare_imports(trees) if name in shared}
    assert not ambiguous, {name: shared[name] for name, _ in ambiguous}


def test_modules_of_one_name_have_one_subject() -> None:
    names = defaultdict(list)
    for path in FILES:
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        name = parts[-2] if parts[-1] == "__init__" else parts[-1]
        names[name].append("/".join(parts))
    shared = {name: paths for name, paths in names.items() if len(paths) > 1}
    assert {name: paths for name, paths in shared.items() if name not in ONE_SUBJECT} == {}
    assert sorted(ONE_SUBJECT.keys() - shared.keys()) == []
