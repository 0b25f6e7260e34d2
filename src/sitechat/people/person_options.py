"""The setting CHAT_PERSON as a typed value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _

from sitechat.conf import conf
from sitechat.people import opening_hours
from sitechat.runtime.invalid_settings import log_invalid_setting

EFFECT_IF_INVALID = "visitors can't ask for a person"
"""The effect of an invalid CHAT_PERSON, as the log reports it."""

KEYS = ("email", "hours", "timezone", "names", "idle_minutes")
"""The valid keys of CHAT_PERSON."""

MAX_NAME_LENGTH = 64

DEFAULT_IDLE_MINUTES = 10


@dataclass(frozen=True)
class PersonOptions:
    """The contents of CHAT_PERSON. The hours and the time zone may still be invalid."""

    emails: tuple[str, ...] = ()
    """Addresses that get a mail when a visitor is waiting."""
    hours: str = ""
    """The opening hours; empty if somebody answers at any time."""
    zone: str = ""
    """The time zone of the hours; empty for the site's `TIME_ZONE`."""
    by_username: Mapping[str, str] | None = None
    """The name that visitors see, by username; None if `names` is not a dictionary."""
    names: tuple[str, ...] = ()
    """The names from which a person can choose."""
    idle: timedelta = timedelta(minutes=DEFAULT_IDLE_MINUTES)
    """The bot takes over if the person has not written for this time."""

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> PersonOptions:
        """Return the options in a value of CHAT_PERSON.

        Raises:
            AttributeError, TypeError, ValueError, OverflowError: The value is not valid. Hours and
                time zones are not checked here.
        """
        emails = value.get("email") or ()
        names: Any = value.get("names") or ()
        by_username = None
        if isinstance(names, Mapping):
            by_username = {str(username): str(name) for username, name in names.items()}
            names = by_username.values()
        return cls(
            emails=(emails,) if isinstance(emails, str) else tuple(map(str, emails)),
            hours=_joined(value.get("hours") or ""),
            zone=str(value.get("timezone") or ""),
            by_username=by_username,
            names=tuple(dict.fromkeys(map(str, names))),
            idle=timedelta(minutes=value.get("idle_minutes", DEFAULT_IDLE_MINUTES)),
        )

    def is_open(self, now: datetime | None = None) -> bool:
        """Return whether somebody answers at this time.

        Args:
            now: The time; None for the present.

        Raises:
            ValueError: The hours or the name of the time zone are not valid.
            KeyError, OSError: The time zone is unknown.
        """
        if not self.hours:
            return True
        zone = ZoneInfo(self.zone or settings.TIME_ZONE)
        now = now or datetime.now(zone)
        return opening_hours.is_open(self.hours, now.astimezone(zone))

    def names_for(self, username: str, *own_names: str) -> list[str]:
        """Return the names under which a member of the staff can answer, most suitable first.

        Names in the setting that equal the username or an own name come first. If the setting has
        no name for the user, the result is "Support", translated. If `names` is a dictionary, the
        result has only one name.

        Args:
            username: The username, which visitors never see.
            own_names: Other names of the user, such as the first name.
        """
        if self.by_username is not None:
            return [self.by_username.get(username) or _support()]
        user_names = {name.casefold() for name in (username, *own_names)}
        matching = [name for name in self.names if name.casefold() in user_names]
        return list(dict.fromkeys([*matching, *self.names])) or [_support()]


def person_options() -> PersonOptions | None:
    """Return the options; None if CHAT_PERSON is empty or invalid."""
    value = conf.CHAT_PERSON
    if not value:
        return None
    try:
        return PersonOptions.of(value)
    except (AttributeError, TypeError, ValueError, OverflowError):
        log_invalid_setting("CHAT_PERSON", value, EFFECT_IF_INVALID)
        return None


def is_available(options: PersonOptions | None) -> bool:
    """Return whether a visitor can ask for a person now.

    The result is False outside of opening hours, and if the hours are not valid, which is logged.

    Args:
        options: The result of `person_options`; None gives False.
    """
    try:
        return options is not None and options.is_open()
    except (ValueError, OSError, KeyError):  # invalid opening hours, or an unknown time zone
        log_invalid_setting("CHAT_PERSON", conf.CHAT_PERSON, EFFECT_IF_INVALID)
        return False


def _joined(value: Any) -> str:
    """Return opening hours as one text. They may be a text or a list of entries."""
    return value if isinstance(value, str) else "; ".join(map(str, value))


def _support() -> str:
    return _("Support")
