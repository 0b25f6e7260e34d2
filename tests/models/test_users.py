"""Tests of conversations of deleted users, with the app installed or removed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.test import Client

from sitechat.models import Conversation, Message, Role
from sitechat.reports.personal_data import short_name

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]


@pytest.fixture
def talk() -> Conversation:
    """Create a conversation of a user with one message."""
    made = Conversation.objects.create(bot="default", user=User.objects.create(username="ann"))
    Message.objects.create(conversation=made, position=0, role=Role.USER, text="Hello")
    return made


def delete_as_without_the_app(user: User) -> None:
    """Delete a user as Django does if sitechat is not installed, without conversations."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM auth_user WHERE id = %s", [user.pk])


def test_a_deleted_user_takes_the_conversations_along(talk: Conversation) -> None:
    User.objects.all().delete()
    assert not Conversation.objects.exists()
    assert not Message.objects.exists()


def test_a_user_can_be_deleted_where_only_the_tables_are_left(
    talk: Conversation, owner: Client
) -> None:
    assert talk.user is not None
    delete_as_without_the_app(talk.user)
    assert not User.objects.filter(username="ann").exists()
    # If the app is installed again, the admin pages work.
    left = Conversation.objects.get()
    assert short_name(left).startswith("visitor ")
    for address in ("", f"{left.pk}/change/"):
        response = owner.get(f"/admin/sitechat/conversation/{address}")
        assert response.status_code == 200


@pytest.fixture
def newest_schema() -> Iterator[None]:
    yield
    call_command("migrate", "sitechat", verbosity=0)


def test_the_constraint_comes_back_with_an_older_version(
    talk: Conversation, newest_schema: None
) -> None:
    assert talk.user is not None
    delete_as_without_the_app(talk.user)
    kept = Conversation.objects.create(bot="default")
    call_command("migrate", "sitechat", migration_before("user_without_constraint"), verbosity=0)
    assert list(Conversation.objects.values_list("pk", flat=True)) == [kept.pk]
    assert user_constraints()
    call_command("migrate", "sitechat", verbosity=0)
    assert not user_constraints()


def test_all_tables_can_be_dropped(talk: Conversation, newest_schema: None) -> None:
    call_command("migrate", "sitechat", "zero", verbosity=0)
    left = connection.introspection.table_names()
    assert [name for name in left if name.startswith("sitechat_")] == []


def migration_before(name: str) -> str:
    """Return the name of the migration before a migration of this app."""
    graph = MigrationLoader(connection).graph
    [node] = [key for key in graph.nodes if key[0] == "sitechat" and key[1].endswith(name)]
    [parent] = [each.key for each in graph.node_map[node].parents if each.key[0] == "sitechat"]
    return str(parent[1])


def user_constraints() -> list[str]:
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, Conversation._meta.db_table)
    return [name for name, each in found.items() if each["foreign_key"]]
