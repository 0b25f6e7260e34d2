"""Tests that conversations can always be deleted, even while replies are being saved."""

from __future__ import annotations

import itertools
import json
import random
import threading
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from io import StringIO

import pytest
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection, connections
from django.test import Client
from django.utils import timezone

from sitechat.models import Conversation, Message, Usage
from sitechat.standin import Answer, Standin
from tests.owner import LIST, owner_client
from tests.reservations import still_reserved
from tests.visitor import MakeVisitor, Visitor
from tests.waiting import until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.database,
    pytest.mark.usefixtures("quick_engine"),
]

ROUNDS = [3, pytest.param(20, marks=pytest.mark.long)]
VISITORS = 3
"""Visitors whose replies are saved and deleted at the same time, so that transactions overlap."""

SPREAD = 0.02
"""Maximum seconds for everything."""

Erase = Callable[[Visitor], None]

_names = itertools.count()


def conversation_of(visitor: Visitor) -> str:
    return str(visitor.history()["conversation"])


def by_its_visitor(visitor: Visitor) -> None:
    assert visitor.forget().status_code == 204


def by_command(visitor: Visitor) -> None:
    output = StringIO()
    pk = conversation_of(visitor)
    call_command("chat_forget", conversation=pk, interactive=False, stdout=output)
    assert json.loads(output.getvalue())["deleted"]["conversations"] == 1


def by_cleanup(visitor: Visitor) -> None:
    conversation = Conversation.objects.filter(pk=conversation_of(visitor))
    conversation.update(updated=timezone.now() - timedelta(days=3))
    while conversation.exists():  # conversations with a running reply are kept
        call_command("chat_cleanup", days=1, stdout=StringIO())


def by_the_admin(visitor: Visitor) -> None:
    client, pk = client_of_owner(), conversation_of(visitor)
    response = client.post(f"{LIST}{pk}/delete/", {"post": "yes"})
    assert response.status_code == 302


def with_the_user_by_the_admin(visitor: Visitor) -> None:
    response = client_of_owner().post(
        f"/admin/auth/user/{user_of(visitor)}/delete/", {"post": "yes"}
    )
    assert response.status_code == 302, response.content.decode()


def with_the_user(visitor: Visitor) -> None:
    get_user_model().objects.get(pk=user_of(visitor)).delete()


def with_users_in_bulk(visitor: Visitor) -> None:
    get_user_model().objects.filter(pk=user_of(visitor)).delete()


def user_of(visitor: Visitor) -> int:
    return int(visitor.client.session["_auth_user_id"])


def client_of_owner() -> Client:
    client = Client()
    client.force_login(get_user_model().objects.get(username="owner"))
    return client


WAYS: list[Erase] = [
    by_its_visitor,
    by_command,
    by_cleanup,
    by_the_admin,
    with_the_user_by_the_admin,
    with_the_user,
    with_users_in_bulk,
]


@pytest.mark.parametrize("rounds", ROUNDS)
@pytest.mark.parametrize("erase", WAYS, ids=lambda way: way.__name__)
def test_a_conversation_is_deleted_at_the_moment_its_reply_is_saved(
    erase: Erase, rounds: int, live_visitor: MakeVisitor, claude_standin: Standin
) -> None:
    if erase is with_the_user_by_the_admin and connection.vendor == "sqlite":
        pytest.skip("Django's own admin reads before it writes, which needs IMMEDIATE on SQLite")
    if erase in (by_the_admin, with_the_user_by_the_admin):
        owner_client()
    for number in range(1, rounds + 1):
        claude_standin.clear()
        claude_standin.always(Answer("One two three", hold_after=2))
        visitors = [live_visitor() for _ in range(VISITORS)]
        for visitor in visitors:
            user = get_user_model().objects.create(username=f"visitor {next(_names)}")
            visitor.client.force_login(user)
            visitor.begin("Count")
        total = number * VISITORS
        claude_standin.wait_for(lambda records: sum(r.held for r in records) == VISITORS)
        meet(erase, visitors, lambda: claude_standin.release(VISITORS))
        until(partial(has_booked, total))
        assert not Conversation.objects.exists()
        assert not Message.objects.exists()
        assert not Usage.objects.exclude(conversation=None, reply=None).exists()
    until(lambda: not still_reserved().exists())


def any_moment() -> None:
    threading.Event().wait(random.uniform(0, SPREAD))  # noqa: S311


def has_booked(replies: int) -> bool:
    return Usage.objects.count() == replies


def meet(erase: Erase, visitors: list[Visitor], let_finish: Callable[[], object]) -> None:
    """Let the replies finish and delete their conversations at the same time."""
    failures: list[BaseException] = []

    def delete(visitor: Visitor) -> None:
        any_moment()
        try:
            erase(visitor)
        except BaseException as error:
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=delete, args=(visitor,)) for visitor in visitors]
    for thread in threads:
        thread.start()
    any_moment()
    let_finish()
    for thread in threads:
        thread.join()
    assert not failures, failures
