"""Tests of the events that are announced when people of the site answer."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from sitechat.events import deliver_due
from sitechat.people import staff_actions
from tests.events.receiver import Receiver
from tests.owner import talk

pytestmark = [pytest.mark.django_db, pytest.mark.database]


@pytest.mark.parametrize("end", ["hand_back", "close"])
def test_people_who_join_and_leave_are_announced(
    hook: Receiver, settings: Settings, end: str
) -> None:
    settings.CHAT_PERSON = {"names": ["Ann"]}
    conversation, user = talk(("Hello?", "Hi.")), User.objects.create_user("secret-login")
    staff_actions.join(conversation, user)
    {"hand_back": staff_actions.hand_back, "close": staff_actions.close}[end](conversation, user)
    deliver_due()
    by_type = {request.json["type"]: request.json["data"] for request in hook.requests}
    common = {"conversation": str(conversation.pk), "bot": "default"}
    reason = {"hand_back": "handed_back", "close": "closed"}[end]
    assert by_type == {
        "person_joined": {**common, "name": "Ann"},
        "handoff_ended": {**common, "reason": reason},
    }
    assert "secret-login" not in str(hook.requests)
