"""Resolution of dotted paths in settings, with suggestions of the path that was probably meant.

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
from django.core.checks import CheckMessage, Error
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

IsValid = Callable[[Any], bool]
"""A function that returns whether an object is valid for a setting. It may raise any exception."""

MIN_SIMILARITY = 0.7
"""Minimum similarity, from 0 to 1, for which a similar name is suggested."""


@dataclass(frozen=True)
class Resolved:
    """The object at a dotted path, or the reason why the path is not valid."""

    path: object
    """The value of the setting."""
    value: Any = None
    """The object, even if it is not valid for the setting; None if it can't be imported."""
    problem: str = ""
    """A clause that follows the path in a message; empty if the path is valid."""
    suggestion: str = ""
    """The path that was probably meant; empty if it is not known."""

    def errors(self, name: str, *, valid: str, id: str) -> Iterator[CheckMessage]:
        """Yield an error if the path is not valid.

        Args:
            name: The name of the setting.
            valid: A hint that says what is valid.
            id: The id of the error.
        """
        if not self.problem:
            return
        meant = _('Did you mean "%(meant)s"? %(right)s')
        yield Error(
            _("%(name)s is %(value)r, %(problem)s.")
            % {"name": name, "value": self.path, "problem": self.problem},
            hint=meant % {"meant": self.suggestion, "right": valid} if self.suggestion else valid,
            id=id,
        )


def resolve(path: object, is_valid: IsValid, description: str) -> Resolved:
    """Resolve a dotted path. Errors of the import are returned, not raised.

    Args:
        path: The value of the setting.
        is_valid: Returns whether an object is valid for the setting.
        description: A description of valid objects, such as "a subclass of sitechat.Chatbot".
    """
    if not isinstance(path, str):
        return Resolved(
            path, problem=_("which is not a string"), suggestion=_path_of(path, is_valid)
        )
    try:
        value = import_string(path)
    except ImportError as error:
        return Resolved(
            path,
            problem=_("which can't be imported: %(error)s") % {"error": error},
            suggestion=_suggestion(path, is_valid),
        )
    except Exception as error:  # the module's own code may raise anything
        return Resolved(
            path,
            problem=_("which can't be imported: %(type)s: %(error)s")
            % {"type": type(error).__name__, "error": error},
        )
    if not _fits(value, is_valid):
        problem = _("which is not %(wanted)s") % {"wanted": description}
        return Resolved(path, value, problem, _suggestion(path, is_valid))
    return Resolved(path, value)


def _fits(value: object, is_valid: IsValid) -> bool:
    try:
        return is_valid(value)
    except Exception:  # an object of the site, which may fail in any way
        return False


def _path_of(value: object, is_valid: IsValid) -> str:
    """Return the path of a valid class or function that was written without quotes, or ""."""
    module, name = getattr(value, "__module__", ""), getattr(value, "__qualname__", "")
    return _if_valid(f"{module}.{name}", is_valid) if module and name else ""


def _suggestion(path: str, is_valid: IsValid) -> str:
    """Return the valid path that is most similar to an invalid one, or ""."""
    plain = path.strip().removesuffix(".py").replace(":", ".").replace("/", ".").strip(".")
    if plain != path and (valid := _if_valid(plain, is_valid)):
        return valid
    module: ModuleType | None = None
    parts = plain.split(".")
    for part in parts[:-1]:
        module = _submodule(module, part)
        if module is None:
            return ""
    if module is None:  # the path is a name without a module
        return ""
    near = _near(parts[-1], _members(module, is_valid))
    if near:
        return f"{module.__name__}.{near}"
    # The path may be that of a module with a single valid object.
    inner = _submodule(module, parts[-1], exactly=True)
    own = [] if inner is None else [*_members(inner, is_valid, own=True)]
    return f"{inner.__name__}.{own[0]}" if inner is not None and len(own) == 1 else ""


def _if_valid(path: str, is_valid: IsValid) -> str:
    """Return the path if its object is valid, else ""."""
    try:
        return path if is_valid(import_string(path)) else ""
    except Exception:
        return ""


def _submodule(parent: ModuleType | None, name: str, *, exactly: bool = False) -> ModuleType | None:
    """Return the submodule with the name or the most similar name; None if there is none.

    Args:
        parent: The package; None for a top-level module.
        name: The name.
        exactly: Whether to accept only the name itself.
    """
    if parent is None:
        known = {app.name.partition(".")[0] for app in apps.get_app_configs()}
        known |= {module for module in sys.modules if "." not in module}
        prefix = ""
    else:
        known = {found.name for found in pkgutil.iter_modules(getattr(parent, "__path__", ()))}
        prefix = f"{parent.__name__}."
    found = _imported(prefix + name)
    if found is not None or exactly:
        return found
    near = _near(name, known)
    return _imported(prefix + near) if near else None


def _imported(name: str) -> ModuleType | None:
    try:
        return import_module(name)
    except Exception:  # a module of the site, which may fail in any way
        return None


def _members(module: ModuleType, is_valid: IsValid, *, own: bool = False) -> Iterator[str]:
    """Yield the names of the valid objects in a module.

    Args:
        module: The module.
        is_valid: Returns whether an object is valid for the setting.
        own: Whether to leave out objects that were defined in other modules.
    """

    def is_wanted(name: Any) -> bool:
        value = getattr(module, name)
        return is_valid(value) and (not own or value.__module__ == module.__name__)

    # `__all__` also has names that the module imports at their first use.
    for name in sorted({*vars(module), *getattr(module, "__all__", ())}):
        if not name.startswith("_") and _fits(name, is_wanted):
            yield name


def _near(name: str, known: Iterable[str]) -> str:
    """Return the known name that is most similar to a name, ignoring case; "" if none is."""
    folded: dict[str, str] = {}
    for each in known:
        folded.setdefault(each.casefold(), each)
    near = get_close_matches(name.casefold(), folded, n=1, cutoff=MIN_SIMILARITY)
    return folded[near[0]] if near else ""
