"""Packages that import a module only when one of its names is first used."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module


def lazy_exports(package: str, names: Mapping[str, Sequence[str]]) -> Callable[[str], object]:
    """Return a `__getattr__` for a package whose modules many processes never need.

    This `__getattr__` raises AttributeError for a name that the package does not export.

    Args:
        package: The package's `__name__`.
        names: The exported names of each of its modules.
    """
    modules = {name: module for module, exported in names.items() for name in exported}

    def get(name: str) -> object:
        if name not in modules:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{modules[name]}"), name)

    return get
