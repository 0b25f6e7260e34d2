"""Check settings that are dictionaries: their type and their keys."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from django.core.checks import CheckMessage, Error
from django.utils.translation import gettext as _


def check_dictionary(
    name: str,
    value: object,
    known: Collection[str],
    *,
    example: str,
    id: str,
    synonyms: Mapping[str, str] | None = None,
) -> Iterator[CheckMessage]:
    """Yield an error if a setting is not a dictionary, and an error for each unknown key.

    Args:
        name: The name of the setting.
        value: Its value.
        known: The valid keys.
        example: A valid value.
        id: The id of the errors.
        synonyms: Maps names that other packages use, in lower case, to the valid keys to suggest.
    """
    if not isinstance(value, Mapping):
        yield Error(
            _("%(name)s is %(value)r, which is not valid.") % {"name": name, "value": value},
            hint=_("Write a dictionary, such as %(example)s.") % {"example": example},
            id=id,
        )
        return
    for key in value:
        if key not in known:
            meant = (synonyms or {}).get(str(key).lower())
            yield Error(
                _("%(name)s has the unknown key %(key)r.") % {"name": name, "key": key},
                hint=did_you_mean(key, known, meant),
                id=id,
            )


def known_items(value: object, known: Collection[str]) -> Iterator[tuple[str, Any]]:
    """Yield the valid keys of a setting with their values, if the setting is a dictionary."""
    for key, item in value.items() if isinstance(value, Mapping) else ():
        if key in known:
            yield key, item


def did_you_mean(key: object, known: Collection[str], meant: str | None = None) -> str:
    """Return a hint with the most likely valid name and the list of all valid names.

    Args:
        key: The unknown name.
        known: The valid names, at least one.
        meant: The valid name to suggest; by default the one that is most similar to `key`.
    """
    near = meant or get_close_matches(str(key), known, n=1, cutoff=0.0)[0]
    return _("Did you mean %(near)r? Known: %(names)s.") % {
        "near": near,
        "names": ", ".join(sorted(known)),
    }
