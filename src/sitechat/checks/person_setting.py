"""Check CHAT_PERSON: the people of the site who answer visitors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django.core.checks import CheckMessage, Error
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sitechat.checks.dictionary_settings import check_dictionary, known_items
from sitechat.conf import conf
from sitechat.people import opening_hours
from sitechat.people.person_options import KEYS, MAX_NAME_LENGTH

EXAMPLE = 'CHAT_PERSON = {"email": "support@example.org", "hours": "Mon-Fri 09:00-17:00"}'


def check_person(**kwargs: Any) -> Iterator[CheckMessage]:
    """E013: CHAT_PERSON is no dictionary, or has an unknown key or an invalid value."""
    value = conf.CHAT_PERSON
    yield from check_dictionary("CHAT_PERSON", value, KEYS, example=EXAMPLE, id="sitechat.E013")
    for key, given in known_items(value, KEYS):
        problem = VALIDATORS[key](given)
        if problem:
            yield Error(
                _("CHAT_PERSON[%(key)r] is %(given)r: %(problem)s.")
                % {"key": key, "given": given, "problem": problem},
                hint=_("Write %(example)s.") % {"example": VALID[key]},
                id="sitechat.E013",
            )


VALID: dict[str, str | Promise] = {
    "email": gettext_lazy('an address, such as "support@example.org", or a list of addresses'),
    "hours": gettext_lazy('hours, such as "Mon-Fri 09:00-12:00, 13:00-17:00; Sat 10:00-14:00"'),
    "timezone": gettext_lazy('the name of a time zone, such as "Europe/Berlin"'),
    "names": gettext_lazy(
        'a list of names, or a dictionary of names by username, such as {"annab": "Ann"}'
    ),
    "idle_minutes": gettext_lazy("a number of minutes from 1 to 1440, such as 10"),
}
"""A description of valid values, for each key of CHAT_PERSON."""


def _email(value: Any) -> str:
    addresses = [value] if isinstance(value, str) else value
    if not _is_list(addresses) or not addresses:
        return _("it holds no address")
    wrong = [address for address in addresses if not _is_email(address)]
    return _("%(address)r is not an e-mail address") % {"address": wrong[0]} if wrong else ""


def _is_email(value: Any) -> bool:
    try:
        validate_email(value)
    except (ValidationError, TypeError, AttributeError):
        return False
    return True


def _hours(value: Any) -> str:
    entries = [value] if isinstance(value, str) else value
    if not _is_list(entries) or not all(isinstance(entry, str) for entry in entries):
        return _("it is not a text")
    try:
        opening_hours.parse("; ".join(entries))
    except ValueError as error:
        return str(error)
    return ""


def _timezone(value: Any) -> str:
    try:
        ZoneInfo(value)
    except (ValueError, OSError, KeyError, TypeError, AttributeError):
        return _("there is no such time zone")
    return ""


def _names(value: Any) -> str:
    names = list(value.values()) if isinstance(value, Mapping) else value
    if not _is_list(names) or not names:
        return _("it holds no name")
    for name in names:
        if not isinstance(name, (str, Promise)) or not str(name).strip():
            return _("%(name)r is not a name") % {"name": name}
        if len(str(name)) > MAX_NAME_LENGTH:
            return _("%(name)r has more than %(count)s characters") % {
                "name": name,
                "count": MAX_NAME_LENGTH,
            }
    return ""


def _idle_minutes(value: Any) -> str:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return "" if is_number and 1 <= value <= 1440 else _("it is not a number of minutes")


VALIDATORS: dict[str, Callable[[Any], str]] = {
    "email": _email,
    "hours": _hours,
    "timezone": _timezone,
    "names": _names,
    "idle_minutes": _idle_minutes,
}
"""A function for each key of CHAT_PERSON. It returns what is wrong with a value, or ""."""


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))
