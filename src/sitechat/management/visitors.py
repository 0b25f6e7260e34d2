"""The arguments by which commands name a visitor."""

from __future__ import annotations

import uuid
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Mapping
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import CommandError

from sitechat.models import Conversation, ConversationQuerySet
from sitechat.owner import privacy


def add_visitor(parser: ArgumentParser) -> None:
    """Take either `--user NAME` or `--conversation ID`."""
    who = parser.add_mutually_exclusive_group(required=True)
    who.add_argument("--user", help="a user of the site, by the name that they log in with")
    who.add_argument("--conversation", type=_id, help="a conversation, by its id")


def _id(value: str) -> uuid.UUID:
    try:
        return uuid.UUID(value)
    except ValueError:
        raise ArgumentTypeError(
            f"{value!r} is no id; ids look like 3f2b8c1e-5d7a-4c09-9d1f-0a6e4b7c8d90."
        ) from None


def visitor_of(options: Mapping[str, Any]) -> ConversationQuerySet:
    """The conversations that the arguments name; raises CommandError where there is no such."""
    if options["conversation"] is not None:
        pk = options["conversation"]
        found = Conversation.objects.filter(pk=pk if isinstance(pk, uuid.UUID) else _id(pk))
        if not found:
            raise CommandError(f"There is no conversation {options['conversation']}.")
        return found
    name = options["user"]
    user = get_user_model()._default_manager.filter(**{get_user_model().USERNAME_FIELD: name})
    if not user:
        raise CommandError(
            f"There is no user {name!r}. Conversations of a user who was deleted are deleted, too."
        )
    return privacy.of_user(user[0])
