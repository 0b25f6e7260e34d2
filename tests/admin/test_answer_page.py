"""Tests of the page on which staff answer a conversation."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from sitechat.conversations import erasure
from sitechat.models import ApprovedAnswer, Conversation, Handoff, HandoffEntry
from sitechat.people import canned_answers, staff_actions
from tests.admin.inbox import INBOX, act, act_as_script, url, waiting
from tests.owner import owner_client, page_of

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.fixture(autouse=True)
def people(settings: Settings) -> None:
    settings.CHAT_PERSON = {"names": ["Ann", "Ben"]}


@pytest.fixture
def ann() -> Client:
    return owner_client("answer_conversation")


def test_a_conversation_from_joining_to_the_end(ann: Client) -> None:
    conversation = waiting()
    assert "Join the conversation" in page_of(ann, url(conversation, "change"))
    assert act(ann, conversation, "join", name="Ben").status_code == 302
    act(ann, conversation, "note", text="A good customer")
    act(ann, conversation, "reply", text="**Hello**")
    page = page_of(ann, url(conversation, "change"))
    for part in (
        "You answer as Ben.",
        "A good customer",
        "<strong>Hello</strong>",
        "staff joined as Ben",
    ):
        assert part in page
    act(ann, conversation, "hand_back")
    assert "The bot answers." in page_of(ann, url(conversation, "change"))
    agent = conversation.messages.get(role="agent")
    assert (agent.name, agent.text) == ("Ben", "**Hello**")


def test_the_script_gets_what_is_new(ann: Client) -> None:
    conversation = waiting()
    first = ann.get(url(conversation, "live")).json()
    assert first["state"] == "waiting"
    assert "What do you sell?" in first["html"]
    assert act_as_script(ann, conversation, "join") == (200, {"done": ""})
    assert act_as_script(ann, conversation, "reply", text="Hello")[0] == 200
    news = ann.get(url(conversation, "live"), {"after": first["cursor"]}).json()
    assert news["state"] == "mine"
    assert "Hello" in news["html"]
    assert "What do you sell?" not in news["html"]
    assert news["html"].count('</bdi> · <time dir="auto"') == news["html"].count("<li")
    quiet = ann.get(url(conversation, "live"), {"after": news["cursor"]}).json()
    assert "<li" not in quiet["html"]
    act_as_script(ann, conversation, "typing")
    assert Handoff.objects.get().is_typing(timezone.now())


@pytest.mark.parametrize("cursor", ["x", "1-", "-1-2", "1-2-3", "9" * 40, "1-" + "9" * 40])
def test_a_bad_cursor_shows_everything(ann: Client, cursor: str) -> None:
    answer = ann.get(url(waiting(), "live"), {"after": cursor})
    assert "What do you sell?" in answer.json()["html"]


def test_an_error_keeps_the_text(ann: Client) -> None:
    conversation = waiting()
    refused = act(ann, conversation, "reply", text="A <long> answer")
    assert refused.status_code == 409
    assert "A &lt;long&gt; answer</textarea>" in refused.content.decode()
    status, data = act_as_script(ann, conversation, "reply", text="Hello")
    assert (status, data["gone"]) == (409, False)
    assert act_as_script(ann, conversation, "dance")[0] == 409
    assert ann.get(url(conversation, "act")).status_code == 302


def test_a_conversation_that_was_forgotten_keeps_the_text(ann: Client) -> None:
    conversation = waiting()
    act(ann, conversation, "join")
    erasure.erase(Conversation.objects.all())
    refused = act(ann, conversation, "reply", text="A long answer")
    assert refused.status_code == 410
    assert "A long answer" in refused.content.decode()
    status, data = act_as_script(ann, conversation, "reply", text="Hello")
    assert (status, data["gone"]) == (410, True)
    assert ann.get(url(conversation, "live")).status_code == 410
    assert ann.get(url(conversation, "change"), follow=True).redirect_chain == [(INBOX, 302)]
    for nonsense in ("x", "1", "%00"):
        assert ann.get(f"{INBOX}{nonsense}/change/", follow=True).status_code == 200


def test_only_colleagues_who_may_answer_can_be_assigned(ann: Client) -> None:
    conversation = waiting()
    ben = User.objects.create_superuser("ben")
    other = User.objects.create_user("other", is_staff=True)
    page = page_of(ann, url(conversation, "change"))
    assert ">ben</option>" in page
    assert ">other</option>" not in page
    for bad in (str(other.pk), "x", "9" * 30, "\0"):
        assert act_as_script(ann, conversation, "assign", colleague=bad)[0] == 409
    act(ann, conversation, "assign", colleague=str(ben.pk))
    assert Handoff.objects.get().assigned == ben
    assert "for ben" in page_of(ann, INBOX)
    act(ann, conversation, "assign", colleague="")
    assert Handoff.objects.get().assigned is None


def test_an_answer_that_is_sent_again_is_stored_once(ann: Client) -> None:
    """The page keeps the text if the response is lost, so the colleague sends it again."""
    conversation = waiting()
    act(ann, conversation, "join", name="Ben")
    page = page_of(ann, url(conversation, "change"))
    draft = re.findall('name="draft" value="([^"]+)"', page)[0]
    for _copy in range(2):
        assert act_as_script(ann, conversation, "reply", text="Hello", draft=draft)[0] == 200
    act(ann, conversation, "reply", text="Hello", draft="no id")
    assert conversation.messages.filter(role="agent").count() == 2


def test_a_note_whose_response_was_lost_is_added_once(ann: Client) -> None:
    conversation = waiting()
    page = page_of(ann, url(conversation, "change"))
    drafts = re.findall('name="draft" value="([^"]+)"', page)
    assert len(set(drafts)) == 2
    for _copy in range(2):
        assert act_as_script(ann, conversation, "note", text="Call", draft=drafts[1])[0] == 200
    act(ann, conversation, "note", text="Call", draft="no id")
    assert HandoffEntry.objects.filter(kind="note").count() == 2


def test_approved_answers_of_a_bot_are_offered_beside_many_of_another(ann: Client) -> None:
    fields = {"questions": "?", "answer": "!"}
    ApprovedAnswer.objects.bulk_create(
        ApprovedAnswer(title=f"A {n:03}", bots=["sales"], **fields)
        for n in range(canned_answers.MAX_LISTED)
    )
    ApprovedAnswer.objects.create(title="Zebra", bots=["default"], **fields)
    assert "Zebra</option>" in page_of(ann, url(waiting(), "change"))


def test_approved_answers_can_be_inserted(ann: Client) -> None:
    def answer(title: str, **fields: Any) -> int:
        return ApprovedAnswer.objects.create(title=title, answer=f"**{title}**", **fields).pk

    conversation = waiting()
    parking = answer("Parking <b>")
    hidden = [
        answer("Internal", audience="staff"),
        answer("Old", active=False),
        answer("Of another bot", bots=["support"]),
    ]
    page = page_of(ann, url(conversation, "change"))
    assert f'<option value="{parking}">Parking &lt;b&gt;</option>' in page
    assert not any(title in page for title in ("Internal", "Old", "Of another bot"))
    inserted = act_as_script(ann, conversation, "canned", answer=str(parking))
    assert inserted == (200, {"done": "**Parking <b>**"})
    for other in (*map(str, hidden), "x", "9" * 30):
        assert act_as_script(ann, conversation, "canned", answer=other)[0] == 409


def test_the_transcript_and_the_export_have_what_a_person_said(owner: Client) -> None:
    conversation = waiting()
    user = User.objects.get(username="owner")
    staff_actions.join(conversation, user)
    staff_actions.send_message(conversation, user, "Hello from Ann")
    staff_actions.add_note(conversation, user, "Be careful")
    page = page_of(owner, f"/admin/sitechat/conversation/{conversation.pk}/change/")
    assert "Hello from Ann" in page
    assert f'href="{url(conversation, "change")}"' in page
    exported = json.loads(
        owner.get(f"/admin/sitechat/conversation/{conversation.pk}/export/").content
    )
    [found] = exported["conversations"]
    assert found["messages"][-1]["name"] == "Ann"
    assert [entry["kind"] for entry in found["handoff"]["entries"]] == ["joined", "note"]


def test_the_inbox_says_that_the_setting_is_empty(ann: Client, settings: Settings) -> None:
    settings.CHAT_PERSON = {}
    conversation = waiting()
    assert "CHAT_PERSON is empty or not valid" in page_of(ann, INBOX).replace("The setting ", "")
    assert 'data-state="off"' in page_of(ann, url(conversation, "change"))
    assert act_as_script(ann, conversation, "join")[0] == 409
    assert not HandoffEntry.objects.exists()
