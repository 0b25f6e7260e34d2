"""Command-line arguments that select a visitor."""

from __future__ import annotations

import uuid
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import CommandError
from django.utils.translation import gettext as _

from sitechat.models import Conversation
from sitechat.reports import personal_data


def add_visitor_arguments(parser: ArgumentParser) -> None:
    """Add the arguments `--user`, `--email` and `--conversation`, of which one is required."""
    group = parser.add_mutually_exclusive_group(required=True)
    group.add_argument("--user", help=_("the username of a user of the site"))
    group.add_argument("--email", help=_("an e-mail address that was left in the contact form"))
    group.add_argument("--conversation", type=_id, help=_("the id of a conversation"))


def _id(value: str) -> uuid.UUID:
    try:
        return uuid.UUID(value)
    except ValueError:
        raise ArgumentTypeError(
            _("%(value)r is not an id; ids look like 3f2b8c1e-5d7a-4c09-9d1f-0a6e4b7c8d90.")
            % {"value": value}
        ) from None


def selected_data(options: Mapping[str, Any]) -> personal_data.PersonalData:
    """Return the data about the selected visitor.

    Raises:
        CommandError: The user, the address or the conversation does not exist.
    """
    if options["conversation"] is not None:
        pk = options["conversation"]
        conversations = Conversation.objects.filter(pk=pk if isinstance(pk, uuid.UUID) else _id(pk))
        if not conversations:
            raise CommandError(
                _("There is no conversation %(conversation)s.")
                % {"conversation": options["conversation"]}
            )
        return personal_data.about_conversations(conversations)
    if options["email"] is not None:
        data = personal_data.about_email(options["email"])
        if not data.contacts:
            raise CommandError(
                _("Nobody left the address %(email)r.") % {"email": options["email"]}
            )
        return data
    name = options["user"]
    user = get_user_model()._default_manager.filter(**{get_user_model().USERNAME_FIELD: name})
    if not user:
        raise CommandError(
            _(
                "There is no user %(name)r. The conversations of deleted users are "
                "deleted with them."
            )
            % {"name": name}
        )
    return personal_data.about_user(user[0])
