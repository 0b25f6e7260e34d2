"""Resolve dotted paths in settings and suggest the path that was probably meant.

The search for a suggestion imports only modules with the same or similar names.
"""

from __future__ import annotations

import pkgutil
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from types import ModuleType
from typing import Any

from django.apps import apps
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

Suits = Callable[[Any], bool]

LIKENESS = 0.7
"""The minimum similarity, 0 to 1, for the suggestion of a similar name."""


@dataclass(frozen=True)
class Named:
    """The object at a dotted path, or the reason why the path is not valid."""

    value: Any = None
    problem: str = ""
    """A clause that follows the path in a message; empty if the path is valid."""
    meant: str = ""
    """The path that was probably meant."""

    def hint(self, right: str) -> str:
        """Return the hint for the problem; `right` describes a valid path."""
        return (
            _('Did you mean "%(meant)s"? %(right)s') % {"meant": self.meant, "right": right}
            if self.meant
            else right
        )


def find(path: object, suits: Suits, wanted: str) -> Named:
    """Resolve a dotted path.

    Args:
        path: The value of the setting.
        suits: Returns whether an object is valid for the setting.
        wanted: A description of valid objects, such as "a subclass of sitechat.Chatbot".
    """
    if not isinstance(path, str):
        return Named(problem=_("which is not a string"), meant=_path_of(path, suits))
    try:
        value = import_string(path)
    except ImportError as error:
        return Named(
            problem=_("which can't be imported: %(error)s") % {"error": error},
            meant=_meant(path, suits),
        )
    except Exception as error:  # the module's own code may raise anything
        return Named(
            problem=_("which can't be imported: %(type)s: %(error)s")
            % {"type": type(error).__name__, "error": error}
        )
    try:
        fits = suits(value)
    except Exception:
        fits = False
    if not fits:
        return Named(value, _("which is not %(wanted)s") % {"wanted": wanted}, _meant(path, suits))
    return Named(value)


def _path_of(value: object, suits: Suits) -> str:
    """Return the path of a class or function that was written without quotation marks."""
    module, name = getattr(value, "__module__", ""), getattr(value, "__qualname__", "")
    return _right(f"{module}.{name}", suits) if module and name else ""


def _meant(path: str, suits: Suits) -> str:
    plain = path.strip().removesuffix(".py").replace(":", ".").replace("/", ".").strip(".")
    if plain != path and (right := _right(plain, suits)):
        return right
    module: ModuleType | None = None
    parts = plain.split(".")
    for part in parts[:-1]:
        module = _submodule(module, part)
        if module is None:
            return ""
    if module is None:  # a name alone
        return ""
    for name in _near(parts[-1], _members(module, suits)):
        return f"{module.__name__}.{name}"
    inner = _submodule(module, parts[-1], exactly=True)
    own = [] if inner is None else [*_members(inner, suits, own=True)]
    return f"{inner.__name__}.{own[0]}" if inner is not None and len(own) == 1 else ""


def _right(path: str, suits: Suits) -> str:
    """The path, if it names what suits."""
    try:
        return path if suits(import_string(path)) else ""
    except Exception:
        return ""


def _submodule(parent: ModuleType | None, name: str, *, exactly: bool = False) -> ModuleType | None:
    """The module of that name, or of the most similar one, below another module."""
    if parent is None:
        known = {app.name.partition(".")[0] for app in apps.get_app_configs()}
        known |= {module for module in sys.modules if "." not in module}
        prefix = ""
    else:
        known = {found.name for found in pkgutil.iter_modules(getattr(parent, "__path__", ()))}
        prefix = f"{parent.__name__}."
    near = [] if exactly else _near(name, known)
    return next(filter(None, (_imported(prefix + each) for each in (name, *near))), None)


def _imported(name: str) -> ModuleType | None:
    try:
        return import_module(name)
    except Exception:  # a module of the site, which may fail in any way
        return None


def _members(module: ModuleType, suits: Suits, *, own: bool = False) -> Iterator[str]:
    """The names of what suits in a module; with `own`, only of what is defined there."""
    for name, value in sorted(vars(module).items()):
        if name.startswith("_"):
            continue
        try:
            if suits(value) and (not own or value.__module__ == module.__name__):
                yield name
        except Exception:  # noqa: S112 - an object of the site, which may fail in any way
            continue


def _near(name: str, known: Iterable[str]) -> list[str]:
    """The known names that are most like a name, whatever their case, the most similar first."""
    folded: dict[str, str] = {}
    for each in known:
        folded.setdefault(each.casefold(), each)
    return [folded[n] for n in get_close_matches(name.casefold(), folded, n=1, cutoff=LIKENESS)]
