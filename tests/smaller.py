"""Public constants of the package made small, so that tests need not create thousands of rows."""

from __future__ import annotations

import ast
import inspect
from itertools import pairwise
from types import ModuleType
from typing import Protocol

import pytest


class Smaller(Protocol):
    """Lower constants of a module until the end of the test."""

    def __call__(self, module: ModuleType, **constants: float) -> None: ...


def make_smaller(monkeypatch: pytest.MonkeyPatch) -> Smaller:
    """Return the function of the fixture `smaller`.

    The limits of the package, such as the rows of a batch or the seconds between two retries, hold
    for any number. A test that lowers one checks the same promise with less data or waiting. It
    fails if the constant is not public and documented, or if it would be raised.
    """

    def smaller(module: ModuleType, **constants: float) -> None:
        documented = documented_constants(inspect.getsource(module))
        for name, value in constants.items():
            assert name in documented, f"{module.__name__}.{name} is not a documented constant"
            assert value < getattr(module, name), f"{value} is not smaller"
            monkeypatch.setattr(module, name, value)

    return smaller


def documented_constants(source: str) -> set[str]:
    """Return the public constants of a module that a docstring follows."""
    body = ast.parse(source).body
    return {
        node.targets[0].id
        for node, after in pairwise(body)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and node.targets[0].id.isupper()
        and not node.targets[0].id.startswith("_")
        and isinstance(after, ast.Expr)
        and isinstance(after.value, ast.Constant)
        and isinstance(after.value.value, str)
    }
