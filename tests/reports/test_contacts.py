"""Tests of the retention, export and deletion of contacts."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from sitechat.models import Contact, Conversation, Delivery
from tests.owner import talk

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def put(email: str = "ann@example.org", **fields: Any) -> Contact:
    return Contact.objects.create(email=email, bot="default", **fields)


def test_they_have_a_retention_of_their_own(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    old, young = put(), put()
    Contact.objects.filter(pk=old.pk).update(created=timezone.now() - timedelta(days=366))
    Contact.objects.filter(pk=young.pk).update(created=timezone.now() - timedelta(days=364))
    call_command("chat_cleanup", dry_run=True)
    assert "Would delete 1 contact," in capsys.readouterr().out
    call_command("chat_cleanup", days=1)
    assert list(Contact.objects.all()) == [young]
    settings.CHAT_CONTACT_RETENTION_DAYS = 30
    call_command("chat_cleanup")
    assert not Contact.objects.exists()


def test_a_cleaned_up_conversation_leaves_its_contact() -> None:
    contact = put(conversation=talk(("a", "b"), age=timedelta(days=40)))
    call_command("chat_cleanup")
    contact.refresh_from_db()
    assert contact.conversation is None


def test_an_address_is_exported_and_forgotten(capsys: pytest.CaptureFixture[str]) -> None:
    conversation, other = talk(("hers", "yes")), talk(("somebody's", "yes"))
    put("Ann@Example.org", conversation=conversation, name="Ann", consent="Yes.")
    mailed = put("ann@example.org")
    Delivery.objects.create(kind="mail", target="sales@example.org", contact=mailed)
    put("bob@example.org", conversation=other)
    call_command("chat_export", email=" ann@example.ORG")
    data = json.loads(capsys.readouterr().out)
    assert [entry["name"] for entry in data["contacts"]] == ["Ann", ""]
    assert data["contacts"][0]["consent"] == "Yes."
    assert [entry["id"] for entry in data["conversations"]] == [str(conversation.pk)]
    call_command("chat_forget", email="ann@example.org", interactive=False)
    assert json.loads(capsys.readouterr().out) == {
        "deleted": {"conversations": 1, "messages": 2, "consents": 0, "contacts": 2}
    }
    assert [contact.email for contact in Contact.objects.all()] == ["bob@example.org"]
    assert list(Conversation.objects.all()) == [other]


def test_an_address_that_nobody_left_is_an_error() -> None:
    for command in ("chat_export", "chat_forget"):
        with pytest.raises(CommandError, match="Nobody left the address"):
            call_command(command, email="x@example.org")


def test_what_a_user_left_is_exported_and_forgotten(capsys: pytest.CaptureFixture[str]) -> None:
    ann = User.objects.create_user("ann")
    put(user=ann)
    put(conversation=talk(("a", "b"), user=ann))
    put("bob@example.org")
    call_command("chat_export", user="ann")
    assert len(json.loads(capsys.readouterr().out)["contacts"]) == 2
    call_command("chat_forget", user="ann", interactive=False)
    assert Contact.objects.count() == 1


def test_the_log_of_the_admin_names_nobody(owner: Client) -> None:
    kept, deleted = put(name="Ann Lee"), put("bob@example.org")
    for contact in (kept, deleted):
        owner.post(f"/admin/sitechat/contact/{contact.pk}/change/", {"state": "done"})
    page = f"/admin/sitechat/contact/{deleted.pk}/delete/"
    assert "bob@example.org" in owner.get(page).content.decode()
    owner.post(page, {"post": "yes"})
    assert LogEntry.objects.count() == 3
    logged = str(LogEntry.objects.values_list("object_repr", "change_message"))
    assert "Ann" not in logged
    assert "bob" not in logged


@pytest.mark.parametrize(
    "command", [["chat_forget", "--no-input", "--email=ANN@example.org"], ["chat_cleanup"]]
)
def test_names_that_earlier_versions_logged_are_removed(owner: Client, command: list[str]) -> None:
    contact = put(name="Ann Lee")
    for n in range(2):
        owner.post(f"/admin/sitechat/contact/{contact.pk}/change/", {"state": ["done", "new"][n]})
    LogEntry.objects.update(object_repr="Ann Lee")
    call_command(*command)
    names = set(LogEntry.objects.values_list("object_repr", flat=True))
    assert names == {str(contact.pk)[:8]}
