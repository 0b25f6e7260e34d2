"""The contact form that CHAT_CONTACT describes, and the validation of what visitors enter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypedDict
from urllib.parse import urlsplit

from django import forms
from django.core.validators import RegexValidator
from django.utils.translation import gettext as _

from sitechat.conf import conf
from sitechat.conversations.message_body import parse_page, read_string, reject_unknown_keys
from sitechat.errors import InvalidContact, InvalidRequest
from sitechat.runtime.invalid_settings import log_invalid_setting

FIELDS = ("email", "name", "phone", "message")
"""The fields that a form can have."""

DEFAULT_FIELDS = ("email", "name", "message")
"""The fields of the form if CHAT_CONTACT does not set them."""

MAX_NAME_LENGTH = 200
MAX_PHONE_LENGTH = 50
MAX_PATH_LENGTH = 500
"""Maximum characters of the page's path that are stored. The rest is cut off."""

PHONE = RegexValidator(r"^[+(]?\d[\d\s()./-]*(?:(?:x|ext\.?)\s*\d+)?$")
"""Accepts a phone number, optionally with an extension."""


class ContactFormData(TypedDict):
    """The form in the response of `GET chat/`. `ContactForm` explains the values."""

    fields: list[str]
    required: list[str]
    consent: str
    before: bool


@dataclass(frozen=True)
class ContactForm:
    """The contact form of the site."""

    fields: Sequence[str]
    """The names of the form's fields, in the order of `FIELDS`."""
    required: Sequence[str]
    """The names of the fields that must not be empty."""
    consent: str
    """The text that the visitor must agree to, in the active language; "" if there is no text."""
    before: bool
    """Whether the form opens before the first message."""

    def as_dict(self, *, has_sent: bool) -> ContactFormData:
        """Return the form for the widget.

        Args:
            has_sent: Whether the visitor has already sent the form.
        """
        return {
            "fields": list(self.fields),
            "required": list(self.required),
            "consent": self.consent,
            "before": self.before and not has_sent,
        }


@dataclass(frozen=True)
class ContactEntries:
    """What a visitor entered, validated."""

    email: str
    name: str
    phone: str
    message: str
    consent: str
    """The text that the visitor agreed to; "" if the form has no such text."""
    page: str
    """The path of the page, without its query string; empty if the page is unknown."""


def current_form() -> ContactForm | None:
    """Return the form that CHAT_CONTACT describes; None if the setting is empty or not valid."""
    options = conf.CHAT_CONTACT
    if not options:
        return None
    try:
        return _form_of(options)
    except (AttributeError, TypeError):
        log_invalid_setting("CHAT_CONTACT", options, "visitors are offered no contact form")
        return None


def _form_of(options: Mapping[str, Any]) -> ContactForm:
    """Return the form; raise AttributeError or TypeError if the options are not valid."""
    names = options.get("fields", DEFAULT_FIELDS)
    fields = [name for name in FIELDS if name in names]
    default = [name for name in ("email", "phone") if name in fields][:1]
    required = options.get("required", default)
    return ContactForm(
        fields,
        [name for name in fields if name in required],
        str(options.get("consent") or "").strip(),
        bool(options.get("before", False)),
    )


def current_recipients() -> list[str]:
    """Return the addresses in `CHAT_CONTACT["notify"]`, which get a mail about each request.

    The list is empty if the setting or this value is missing or not valid.
    """
    options = conf.CHAT_CONTACT
    notify = options.get("notify", ()) if isinstance(options, Mapping) else ()
    return [str(address) for address in notify] if isinstance(notify, (list, tuple)) else []


def parse_contact(form: ContactForm, data: Mapping[str, Any], referer: str = "") -> ContactEntries:
    """Validate what a visitor entered.

    Args:
        form: The form of the site.
        data: The JSON object of the request.
        referer: The address of the page, used if the object does not contain it.

    Raises:
        InvalidContact: Some entries are missing or not valid.
        InvalidRequest: The object has an unknown key, an entry for a field that the form does not
            have, or a value of the wrong type.
    """
    reject_unknown_keys(data, {*FIELDS, "consent", "page"})
    entered = {name: (read_string(data, name) or "").strip() for name in FIELDS}
    for name in FIELDS:
        if entered[name] and name not in form.fields:
            raise InvalidRequest(_('The form has no field "%(name)s".') % {"name": name})
    if not isinstance(data.get("consent", False), bool):
        raise InvalidRequest(_('"%(key)s" must be true or false.') % {"key": "consent"})
    page = parse_page(data.get("page"))
    checked = _EntriesForm(form, {**entered, "consent": data.get("consent", False)})
    if not checked.is_valid():
        raise InvalidContact(
            fields={
                # The messages of Django's validators contain no markup.
                name: " ".join(str(message) for error in errors for message in error.messages)
                for name, errors in checked.errors.as_data().items()
            }
        )
    values = {name: checked.cleaned_data.get(name, "") for name in FIELDS}
    return ContactEntries(
        email=values["email"],
        name=" ".join(values["name"].split()),
        phone=" ".join(values["phone"].split()),
        message=values["message"],
        consent=form.consent,
        page=_path(page.url if page is not None else referer),
    )


def _path(url: str) -> str:
    """Return the path of a URL without its query; "" if the URL is not valid."""
    try:
        return urlsplit(url).path[:MAX_PATH_LENGTH]
    except ValueError:
        return ""


class _EntriesForm(forms.Form):
    """A Django form that validates the entries. Its messages are in the active language."""

    def __init__(self, form: ContactForm, data: Mapping[str, Any]) -> None:
        super().__init__(data)
        self._form = form
        kinds: dict[str, forms.Field] = {
            "email": forms.EmailField(max_length=254),
            "name": forms.CharField(max_length=MAX_NAME_LENGTH),
            "phone": forms.CharField(max_length=MAX_PHONE_LENGTH, validators=[PHONE]),
            "message": forms.CharField(max_length=conf.CHAT_MAX_MESSAGE_LENGTH),
        }
        for name in form.fields:
            self.fields[name] = kinds[name]
            self.fields[name].required = name in form.required
        if form.consent:
            self.fields["consent"] = forms.BooleanField()

    def clean(self) -> dict[str, Any]:
        """Reject a form without any entry."""
        entries = self.cleaned_data
        if not self.errors and not any(entries.get(name) for name in FIELDS):
            first = next(iter(self.fields))
            self.add_error(first, forms.Field.default_error_messages["required"])
        return entries
