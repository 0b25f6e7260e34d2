"""Check CHAT_CONTACT."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from django.core.checks import CheckMessage, Error, Warning
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sitechat.checks.dictionary_settings import check_dictionary, known_items
from sitechat.conf import conf
from sitechat.people.contact_form import DEFAULT_FIELDS, FIELDS, current_form

NAMES = ", ".join(f'"{name}"' for name in FIELDS)


def _is_fields(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(name in FIELDS for name in value)


def is_addresses(value: Any) -> bool:
    """Return whether a value is a list of e-mail addresses."""
    return isinstance(value, (list, tuple)) and all(map(_is_address, value))


def _is_address(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        validate_email(value)
    except ValidationError:
        return False
    return True


VALID_CONTACT: dict[str, tuple[Callable[[Any], bool], str | Promise]] = {
    "fields": (
        lambda v: _is_fields(v) and bool(v),
        format_lazy(gettext_lazy("a list of some of {names}"), names=NAMES),
    ),
    "required": (_is_fields, gettext_lazy("a list of some of the fields")),
    "consent": (lambda v: isinstance(v, (str, Promise)), gettext_lazy("a string")),
    "notify": (is_addresses, gettext_lazy('a list of addresses, such as ["sales@example.org"]')),
    "before": (lambda v: isinstance(v, bool), gettext_lazy("True or False")),
}
"""A validator and a description of valid values, for each key of CHAT_CONTACT."""


def check_contact(**kwargs: Any) -> Iterator[CheckMessage]:
    """E030: CHAT_CONTACT is no dictionary, or has an unknown key or an invalid value."""
    options = conf.CHAT_CONTACT
    yield from check_dictionary(
        "CHAT_CONTACT",
        options,
        VALID_CONTACT,
        example='{"fields": ["email", "message"]}',
        id="sitechat.E030",
    )
    for key, value in known_items(options, VALID_CONTACT):
        is_valid = VALID_CONTACT[key][0](value)
        fields = options.get("fields", DEFAULT_FIELDS)
        if key == "required" and is_valid and _is_fields(fields):
            is_valid = set(value) <= set(fields)
        if not is_valid:
            yield Error(
                _("%(name)s[%(key)r] is %(value)r, which is not valid.")
                % {"name": "CHAT_CONTACT", "key": key, "value": value},
                hint=_("Write %(example)s.") % {"example": VALID_CONTACT[key][1]},
                id="sitechat.E030",
            )


def check_contact_form(**kwargs: Any) -> Iterator[CheckMessage]:
    """W030: the contact form requires neither an e-mail address nor a phone number."""
    if any(check_contact()):
        return
    form = current_form()
    if form is not None and not {"email", "phone"} & set(form.required):
        yield Warning(
            _("Visitors can send the contact form without an e-mail address or a phone number."),
            hint=_('Add "email" or "phone" to CHAT_CONTACT["required"].'),
            id="sitechat.W030",
        )


CHECKS = (check_contact, check_contact_form)
