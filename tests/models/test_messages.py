"""Tests of the database constraints of conversations and messages."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.db import IntegrityError, transaction

from sitechat.models import Conversation, Message, Role, Status, Usage

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def reply_in(talk: Conversation, position: int = 1, **fields: object) -> Message:
    return Message.objects.create(
        conversation=talk, position=position, role=Role.ASSISTANT, **fields
    )


def test_a_conversation_has_one_running_reply_at_a_time() -> None:
    talk = Conversation.objects.create(bot="default")
    reply_in(talk, 1, status=Status.RUNNING, running_in=talk)
    with pytest.raises(IntegrityError), transaction.atomic():
        reply_in(talk, 3, status=Status.RUNNING, running_in=talk)
    reply_in(talk, 3)
    reply_in(talk, 5)


def test_no_two_messages_share_a_place() -> None:
    talk = Conversation.objects.create(bot="default")
    reply_in(talk, 1)
    with pytest.raises(IntegrityError), transaction.atomic():
        reply_in(talk, 1)
    reply_in(Conversation.objects.create(bot="default"), 1)


def test_a_visitors_id_counts_once_in_a_conversation_and_again_in_another() -> None:
    talk = Conversation.objects.create(bot="default")
    same = reply_in(talk, 0).pk
    reply_in(talk, 2, client_id=same)
    with pytest.raises(IntegrityError), transaction.atomic():
        reply_in(talk, 4, client_id=same)
    reply_in(Conversation.objects.create(bot="default"), 0, client_id=same)
    reply_in(talk, 6)
    reply_in(talk, 8)


def test_text_of_every_script_comes_back_as_it_went() -> None:
    talk = Conversation.objects.create(bot="default")
    text = "Grüß Gott 你好 שלום 🦊👩‍👩‍👧 \u2028 \\ ' \" %s"
    source = {"n": 1, "title": text, "url": "/"}
    message = reply_in(talk, text=text, sources=[source])
    message.refresh_from_db()
    assert (message.text, message.sources) == (text, [source])


def test_usage_outlives_its_conversation() -> None:
    talk = Conversation.objects.create(bot="default")
    Usage.objects.create(
        conversation=talk, reply=reply_in(talk), bot="default", model="m", status=Status.COMPLETE
    )
    talk.delete()
    usage = Usage.objects.get()
    assert (usage.conversation, usage.reply, usage.model) == (None, None, "m")
    assert not Message.objects.exists()


def test_a_user_who_is_deleted_takes_the_conversations_along() -> None:
    user = User.objects.create_user("ann")
    Conversation.objects.create(bot="default", user=user)
    user.delete()
    assert not Conversation.objects.exists()


def test_an_owned_conversation_is_its_users_only() -> None:
    ann, bob = User.objects.create_user("ann"), User.objects.create_user("bob")
    hers = Conversation.objects.create(bot="default", user=ann)
    nobodys = Conversation.objects.create(bot="default")
    assert set(Conversation.objects.anonymous_or_owned_by(ann)) == {hers, nobodys}
    assert set(Conversation.objects.anonymous_or_owned_by(bob)) == {nobodys}
    assert set(Conversation.objects.anonymous_or_owned_by(AnonymousUser())) == {nobodys}
    assert set(Conversation.objects.anonymous_or_owned_by(None)) == {nobodys}


def test_clients_know_a_message_by_their_own_id_where_they_gave_one() -> None:
    talk = Conversation.objects.create(bot="default")
    unnamed = reply_in(talk, 0)
    assert unnamed.public_id == unnamed.pk
    named = reply_in(talk, 2, client_id=talk.pk)
    assert named.public_id == talk.pk
    assert named.as_dict()["id"] == str(talk.pk)
