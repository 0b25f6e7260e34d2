"""Tests of the inbox in the admin."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from sitechat.models import Handoff
from sitechat.people import staff_actions
from sitechat.people.staff_permissions import colleagues
from tests.admin.inbox import INBOX, act, url, waiting
from tests.owner import owner_client, page_of, talk

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture(autouse=True)
def people(settings: Settings) -> None:
    settings.CHAT_PERSON = {"names": ["Ann", "Ben"]}


@pytest.fixture
def ann() -> Client:
    return owner_client("answer_conversation")


# The list


def test_the_inbox_shows_who_waits(ann: Client) -> None:
    waiting("<b>Bold</b>?", page_url="/bread/", page_title="Our <i>bread</i>")
    joined = waiting("Joined")
    staff_actions.join(joined, User.objects.create_superuser("colleague"))
    talk(("Answered by the bot", "Yes."))
    page = page_of(ann, INBOX)
    assert "<title>(1) Inbox" in page
    for part in ("&lt;b&gt;Bold", 'href="/bread/"', "Our &lt;i&gt;bread", "German", "by colleague"):
        assert part in page
    assert "Answered by the bot" not in page
    live = ann.get(f"{INBOX}live/").json()
    assert live["count"] == 1
    assert live["html"].count("<tr ") == 2
    assert "&lt;b&gt;Bold" in live["html"]


def test_a_visitor_whose_person_was_deleted_is_counted_for_everybody(ann: Client) -> None:
    conversation = waiting()
    colleague = User.objects.create_superuser("colleague")
    staff_actions.join(conversation, colleague)
    Handoff.objects.update(visitor_wrote=timezone.now())
    assert ann.get(f"{INBOX}live/").json()["count"] == 0
    name = Handoff.objects.get().name
    colleague.delete()
    shown = ann.get(f"{INBOX}live/").json()
    assert shown["count"] == 1
    assert "New message" in shown["html"]
    assert f"Joined by {name}" in shown["html"]
    act(ann, conversation, "join")
    act(ann, conversation, "reply", text="Hello")
    assert ann.get(f"{INBOX}live/").json()["count"] == 0


def test_what_is_assigned_by_a_colleague_who_has_joined_is_counted(ann: Client) -> None:
    conversation = waiting()
    colleague = User.objects.create_superuser("colleague")
    staff_actions.join(conversation, colleague)
    assert ann.get(f"{INBOX}live/").json()["count"] == 0
    staff_actions.assign(conversation, colleague, User.objects.get(username="staff"))
    shown = ann.get(f"{INBOX}live/").json()
    assert shown["count"] == 1
    assert "New message" not in shown["html"]
    act(ann, conversation, "join")
    assert ann.get(f"{INBOX}live/").json()["count"] == 0


def test_the_newest_request_comes_first(ann: Client) -> None:
    for minutes in (5, 90, 1):
        waiting(f"{minutes} ago", requested=timezone.now() - timedelta(minutes=minutes))
    page = page_of(ann, INBOX)
    assert page.index("1 ago") < page.index("5 ago") < page.index("90 ago")
    assert "5 min" in page
    assert "1 h" in page


def test_an_address_that_is_no_link_is_shown_as_text(ann: Client) -> None:
    waiting(page_url="javascript:alert(1)")
    page = page_of(ann, INBOX)
    assert "javascript:alert(1)" in page
    assert 'href="javascript' not in page


def test_finished_conversations_have_a_list_of_their_own(ann: Client) -> None:
    done = waiting("Finished")
    act(ann, done, "close")
    waiting("Open")
    page = page_of(ann, f"{INBOX}?show=done")
    assert "Finished" in page
    assert "Open?" not in page
    assert "Finished" not in page_of(ann, INBOX)


def test_who_is_silent_is_not_shown_as_joined(ann: Client) -> None:
    conversation = waiting()
    act(ann, conversation, "join")
    Handoff.objects.update(last_word=timezone.now() - timedelta(minutes=11))
    assert "Nobody is waiting." in page_of(ann, INBOX)
    assert Handoff.objects.get().state == "none"


def test_the_number_of_queries_does_not_grow(ann: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as found:
            ann.get(INBOX)
        return len(found)

    waiting()
    queries()
    few = queries()
    for n in range(10):
        waiting(f"Question {n}")
    assert queries() == few <= 12


# Permissions


def test_staff_without_the_permission_see_nothing(ann: Client) -> None:
    conversation = waiting()
    other = Client()
    user = User.objects.create_user("other", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_conversation"))
    other.force_login(user)
    pages = [INBOX, f"{INBOX}live/", url(conversation, "change"), url(conversation, "live")]
    assert [other.get(page).status_code for page in pages] == [403] * 4
    assert act(other, conversation, "join").status_code == 403
    assert "handoff" not in other.get("/admin/").content.decode()
    assert Client().get(f"{INBOX}live/").status_code == 302


def test_a_permission_can_cover_one_bot(settings: Settings) -> None:
    settings.CHAT_BOTS = {"default": "sitechat.Chatbot", "support": "sitechat.Chatbot"}
    call_command("migrate", verbosity=0)
    client = owner_client("answer_conversation_support")
    theirs, other = waiting("Theirs", bot="support"), waiting("Other")
    page = page_of(client, INBOX)
    assert "Theirs" in page
    assert "Other" not in page
    assert client.get(url(theirs, "change")).status_code == 200
    assert client.get(url(other, "change")).status_code == 403
    assert client.get(url(other, "live")).status_code == 403
    assert act(client, other, "join").status_code == 403
    assert [user.username for user in colleagues("support")] == ["staff"]
    assert colleagues("default") == []
