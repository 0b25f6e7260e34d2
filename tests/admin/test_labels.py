"""Tests of the labels that the staff puts on conversations."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from sitechat.conversations import erasure
from sitechat.models import Conversation, Label, Unanswered
from sitechat.people import conversation_labels
from sitechat.people.conversation_labels import add_label
from sitechat.people.staff_errors import ConversationGone, StaffError
from sitechat.reports import retention
from tests.admin.inbox import act, url
from tests.owner import LIST, LONG_AGO, owner_client, page_of, talk, url_of

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def labels(conversation: Conversation) -> list[str]:
    return list(conversation.labels.values_list("name", flat=True))


def found(client: Client, query: str) -> list[str]:
    return [row.question for row in client.get(f"{LIST}?{query}").context["cl"].overviews]


def test_a_label_is_added_and_removed_in_the_transcript(owner: Client) -> None:
    conversation = talk(("Do you deliver?", "Yes."))
    form = url_of(conversation, "label")
    response = owner.post(form, {"label": "  delivery \n north "})
    assert response.headers["Location"] == url_of(conversation)
    assert labels(conversation) == ["delivery north"]
    assert 'value="delivery north"' in page_of(owner, url_of(conversation))
    owner.post(form, {"remove": "delivery north"})
    assert labels(conversation) == []


def test_a_label_is_added_and_removed_on_the_page_where_staff_answer(
    owner: Client, settings: Settings
) -> None:
    settings.CHAT_PERSON = {"email": "support@example.org"}
    conversation = talk(("Do you deliver?", "Yes."))
    act(owner, conversation, "label", label="VIP")
    assert labels(conversation) == ["VIP"]
    assert 'value="VIP"' in page_of(owner, url(conversation, "change"))
    act(owner, conversation, "label", remove="VIP")
    assert labels(conversation) == []


def test_the_list_shows_labels_and_filters_by_them(owner: Client) -> None:
    add_label(talk(("labelled", "yes"), age=timedelta(minutes=9)), "VIP")
    both = talk(("both", "yes"))
    add_label(both, "VIP")
    add_label(both, "billing")
    talk(("none", "yes"))
    page = page_of(owner, LIST)
    assert "?label=billing" in page
    assert page.count("<bdi>VIP</bdi>") == 2
    assert found(owner, "label=VIP") == ["both", "labelled"]
    assert found(owner, "label=billing") == ["both"]
    assert found(owner, "label=unknown") == []


def test_without_labels_there_is_no_filter(owner: Client) -> None:
    talk(("hello", "yes"))
    assert "?label=" not in page_of(owner, LIST)


def test_a_label_in_use_is_not_added_in_another_spelling() -> None:
    first, second = talk(("one", "yes")), talk(("two", "yes"))
    assert add_label(first, "VIP") == "VIP"
    assert add_label(second, "vip") == "VIP"
    add_label(second, "Vip")
    assert labels(second) == ["VIP"]


@pytest.mark.parametrize("text", ["", " \n", "x" * 51])
def test_labels_that_are_refused_say_why(owner: Client, text: str) -> None:
    conversation = talk(("one", "yes"))
    with pytest.raises(StaffError):
        add_label(conversation, text)
    response = owner.post(url_of(conversation, "label"), {"label": text}, follow=True)
    assert "label" in str(next(iter(response.context["messages"]))).lower()
    assert labels(conversation) == []


def test_a_conversation_has_a_limited_number_of_labels() -> None:
    conversation = talk(("one", "yes"))
    for number in range(conversation_labels.MAX_LABELS):
        add_label(conversation, f"label {number}")
    with pytest.raises(StaffError, match="at most 20"):
        add_label(conversation, "one more")
    assert add_label(conversation, "Label 7") == "label 7", "it has this one"
    assert len(labels(conversation)) == conversation_labels.MAX_LABELS


def test_a_label_is_text_and_never_markup(owner: Client) -> None:
    conversation = talk(("one", "yes"))
    add_label(conversation, "<script>alert(1)</script>\u202e")
    for page in (page_of(owner, LIST), page_of(owner, url_of(conversation))):
        assert "<script>alert" not in page
        assert "⟨U+202E⟩" in page


def test_who_may_only_read_transcripts_sees_labels_without_a_form() -> None:
    reader = owner_client("sitechat.view_conversation")
    conversation = talk(("one", "yes"))
    add_label(conversation, "VIP")
    page = page_of(reader, url_of(conversation))
    assert "<bdi>VIP</bdi>" in page
    assert url_of(conversation, "label") not in page
    assert reader.post(url_of(conversation, "label"), {"remove": "VIP"}).status_code == 403
    assert labels(conversation) == ["VIP"]


@pytest.mark.parametrize(
    "permissions",
    [
        ["sitechat.change_conversation"],
        ["sitechat.view_conversation", "sitechat.answer_conversation"],
    ],
)
def test_who_may_change_labels(permissions: list[str]) -> None:
    conversation = talk(("one", "yes"))
    owner_client(*permissions).post(url_of(conversation, "label"), {"label": "VIP"})
    assert labels(conversation) == ["VIP"]


def test_who_answers_without_reading_transcripts_does_not_get_there() -> None:
    conversation = talk(("one", "yes"))
    client = owner_client("sitechat.answer_conversation")
    assert client.post(url_of(conversation, "label"), {"label": "VIP"}).status_code == 403


def test_exports_have_the_labels(owner: Client) -> None:
    conversation = talk(("Which bread?", "I don't know."), user=User.objects.create_user("ann"))
    add_label(conversation, "VIP")
    add_label(conversation, "=cmd")
    data = json.loads(owner.get(url_of(conversation, "export")).content)
    assert data["conversations"][0]["labels"] == ["=cmd", "VIP"]
    Unanswered.objects.create(
        conversation=conversation,
        reply=conversation.messages.get(position=1),
        reason=Unanswered.Reason.UNKNOWN,
        question="Which bread?",
        created=timezone.now(),
    )
    response = owner.get("/admin/sitechat/unanswered/?format=csv")
    lines = response.content.decode("utf-8-sig").splitlines()
    assert lines[0].endswith("labels")
    assert lines[1].endswith('"\'=cmd, VIP"')


def test_labels_are_deleted_with_the_conversation() -> None:
    forgotten, old = talk(("one", "yes")), talk(("two", "yes"), age=LONG_AGO)
    for conversation in (forgotten, old):
        add_label(conversation, "VIP")
    assert Conversation.objects.get(pk=old.pk).updated == old.updated, "it is still as old"
    erasure.erase(Conversation.objects.filter(pk=forgotten.pk))
    retention.cleanup()
    assert not Label.objects.exists()
    with pytest.raises(ConversationGone):
        add_label(forgotten, "VIP")
