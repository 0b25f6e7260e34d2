"""Tests of what members of the staff do in a conversation."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django import Settings

from sitechat.conversations import erasure
from sitechat.models import Contact, Conversation, Handoff, HandoffEntry
from sitechat.people import conversation_labels, handoff_mails, staff_actions, staff_errors
from sitechat.reports import retention
from tests.owner import LONG_AGO, talk

pytestmark = [pytest.mark.database, pytest.mark.django_db]


@pytest.fixture
def talking(db: None, settings: Settings) -> Conversation:
    settings.CHAT_PERSON = {"names": ["Ann", "Ben"]}
    return talk(("What do you sell?", "Bread."))


@pytest.fixture
def ann(db: None) -> User:
    return User.objects.create_user("ann")


@pytest.fixture
def ben(db: None) -> User:
    return User.objects.create_user("ben")


def test_two_colleagues_can_not_both_join(talking: Conversation, ann: User, ben: User) -> None:
    assert staff_actions.join(talking, ann).name == "Ann"
    staff_actions.join(talking, ann)
    with pytest.raises(staff_errors.NotYours, match="ann has already joined"):
        staff_actions.join(talking, ben)
    assert Handoff.objects.get().agent == ann
    with pytest.raises(staff_errors.NotYours):
        staff_actions.send_message(talking, ben, "Hello")
    for leave in (staff_actions.hand_back, staff_actions.close):
        with pytest.raises(staff_errors.NotYours):
            leave(talking, ben)


def test_a_second_click_on_join_changes_nothing(
    talking: Conversation, ann: User, ben: User
) -> None:
    staff_actions.join(talking, ann)
    staff_actions.assign(talking, ann, ben)
    before = Handoff.objects.values().get()
    assert staff_actions.join(talking, ann).name == "Ann"
    assert Handoff.objects.values().get() == before
    assert HandoffEntry.objects.filter(kind="joined").count() == 1
    staff_actions.join(talking, ann, "Ben")  # another name is no copy
    assert HandoffEntry.objects.filter(kind="joined").count() == 2


def test_a_message_of_staff_with_the_id_of_another_text_is_sent(
    talking: Conversation, ann: User
) -> None:
    staff_actions.join(talking, ann)
    draft = uuid4()
    first = staff_actions.send_message(talking, ann, "Hello", draft)
    assert staff_actions.send_message(talking, ann, "Hello", draft) == first
    staff_actions.send_message(talking, ann, "Hello again", draft)
    staff_actions.send_message(talking, ann, "Hello again")
    said = talking.messages.filter(role="agent").values_list("text", flat=True)
    assert list(said) == ["Hello", "Hello again", "Hello again"]


def test_a_copy_of_a_note_is_not_added(talking: Conversation, ann: User) -> None:
    draft = uuid4()
    for text, form in (("A", draft), ("A", draft), ("B", draft), ("A", None), ("A", None)):
        staff_actions.add_note(talking, ann, text, form)
    notes = HandoffEntry.objects.filter(kind="note").order_by("pk")
    assert list(notes.values_list("text", flat=True)) == ["A", "B", "A", "A"]


@pytest.mark.parametrize("leave", [staff_actions.hand_back, staff_actions.close])
def test_a_second_click_on_leaving_changes_nothing(
    talking: Conversation, ann: User, ben: User, leave: Callable[[Conversation, User], None]
) -> None:
    staff_actions.join(talking, ann)
    leave(talking, ann)
    staff_actions.add_note(talking, ann, "Done")
    before = Handoff.objects.values().get(), HandoffEntry.objects.count()
    leave(talking, ann)
    assert (Handoff.objects.values().get(), HandoffEntry.objects.count()) == before
    with pytest.raises(staff_errors.NotYours):
        leave(talking, ben)
    staff_actions.join(talking, ben)
    with pytest.raises(staff_errors.NotYours, match="ben has taken over"):
        leave(talking, ann)


def test_a_second_click_on_assigning_changes_nothing(
    talking: Conversation, ann: User, ben: User
) -> None:
    staff_actions.join(talking, ann)
    for colleague in (None, ben, ben, None, None):
        staff_actions.assign(talking, ann, colleague)
    steps = HandoffEntry.objects.filter(kind="assigned").order_by("pk")
    assert list(steps.values_list("text", flat=True)) == ["ben", ""]


def test_a_colleague_can_take_over_what_is_assigned(
    talking: Conversation, ann: User, ben: User
) -> None:
    staff_actions.join(talking, ann)
    staff_actions.assign(talking, ann, ben)
    staff_actions.send_message(talking, ann, "Ben knows more.")
    assert staff_actions.join(talking, ben).name == "Ben"
    with pytest.raises(staff_errors.NotYours, match="ben has taken over"):
        staff_actions.send_message(talking, ann, "One more thing")
    with pytest.raises(staff_errors.NotYours):
        staff_actions.join(talking, ann)


def test_the_name_is_one_of_the_settings(talking: Conversation, settings: Settings) -> None:
    user = User.objects.create_user("secret-login", first_name="ben")
    assert staff_actions.join(talking, user).name == "Ben"
    assert staff_actions.join(talking, user, "Ann").name == "Ann"
    assert staff_actions.join(talking, user, "secret-login").name == "Ben"
    settings.CHAT_PERSON = {"names": {"other": "Ann"}}
    assert staff_actions.join(talking, user, "Ann").name == "Support"
    settings.CHAT_PERSON = {"idle_minutes": 5}
    assert staff_actions.join(talking, user).name == "Support"


def test_without_the_setting_nobody_can_join(
    talking: Conversation, ann: User, settings: Settings
) -> None:
    settings.CHAT_PERSON = {}
    with pytest.raises(staff_errors.StaffError, match="CHAT_PERSON"):
        staff_actions.join(talking, ann)


def test_after_a_silence_a_colleague_can_join(talking: Conversation, ann: User, ben: User) -> None:
    staff_actions.join(talking, ann)
    Handoff.objects.update(last_word=timezone.now() - timedelta(minutes=11))
    assert staff_actions.join(talking, ben).name == "Ben"


def test_a_deleted_colleague_leaves_the_conversation_to_others(
    talking: Conversation, ann: User, ben: User
) -> None:
    staff_actions.join(talking, ann)
    staff_actions.send_message(talking, ann, "Hello!")
    ann.delete()
    assert staff_actions.join(talking, ben).name == "Ben"
    assert talking.messages.get(role="agent").name == "Ann"
    joined = HandoffEntry.objects.filter(kind="joined").first()
    assert joined is not None
    assert (joined.author, joined.author_name) == (None, "ann")


def test_nothing_is_written_into_a_forgotten_conversation(
    talking: Conversation, ann: User, ben: User
) -> None:
    staff_actions.join(talking, ann)
    erasure.erase(Conversation.objects.all())
    with pytest.raises(staff_errors.ConversationGone):
        staff_actions.send_message(talking, ann, "Hello")
    with pytest.raises(staff_errors.ConversationGone):
        staff_actions.add_note(talking, ann, "Hello")
    with pytest.raises(staff_errors.ConversationGone):
        staff_actions.join(talking, ann)
    for change in (staff_actions.hand_back, staff_actions.close):
        with pytest.raises(staff_errors.ConversationGone):
            change(talking, ann)
    with pytest.raises(staff_errors.ConversationGone):
        staff_actions.assign(talking, ann, ben)
    assert not HandoffEntry.objects.exists()


def test_only_messages_prolong_the_retention(talking: Conversation, ann: User) -> None:
    staff_actions.join(talking, ann)
    staff_actions.send_message(talking, ann, "Hello")
    Contact.objects.create(email="ben@example.org", bot="default", conversation=talking)
    Conversation.objects.update(updated=timezone.now() - LONG_AGO)
    staff_actions.add_note(talking, ann, "A good customer")
    handoff_mails.mail_answers(talking, ann, "ben@example.org", "example.org")
    conversation_labels.add_label(talking, "VIP")
    assert HandoffEntry.objects.filter(kind__in=["note", "mailed"]).count() == 2
    assert retention.outdated(30).count() == 1
    staff_actions.send_message(talking, ann, "One more thing")
    assert retention.outdated(30).count() == 0


@pytest.mark.parametrize("text", ["", " \n", "x" * 10_001])
def test_bad_texts_are_refused(talking: Conversation, ann: User, text: str) -> None:
    staff_actions.join(talking, ann)
    for write in (staff_actions.send_message, staff_actions.add_note):
        with pytest.raises(staff_errors.StaffError):
            write(talking, ann, text)
    assert not talking.messages.filter(role="agent").exists()


def test_a_waiting_conversation_can_be_closed_and_asked_for_again(
    talking: Conversation, ann: User
) -> None:
    Handoff.objects.create(conversation=talking, bot="default", state="waiting")
    staff_actions.close(talking, ann)
    assert Handoff.objects.get().state == "closed"
    with pytest.raises(staff_errors.StaffError):
        staff_actions.assign(talking, ann, ann)
    with pytest.raises(staff_errors.NotYours, match="the bot answers"):
        staff_actions.send_message(talking, ann, "Hello")
