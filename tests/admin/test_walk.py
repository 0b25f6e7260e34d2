"""A walk through the admin: from a negative rating to deleting the visitor's data."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.template.defaultfilters import floatformat
from django.utils import timezone

from sitechat.models import Conversation, Message, Unanswered, Usage
from sitechat.reports import unanswered_questions
from sitechat.standin import Standin
from tests.owner import owner_client
from tests.visitor import Visitor

ADMIN = "/admin/sitechat"


@pytest.mark.django_db
def test_from_a_thumb_down_to_the_bill_the_export_and_the_deletion(
    visitor: Visitor, claude_standin: Standin, capsys: pytest.CaptureFixture[str]
) -> None:
    visitor.client.force_login(User.objects.create_user("ann"))
    claude_standin.script("The site does not tell where one can park.")
    events = visitor.ask("Where can I park?")
    visitor.rate(events[0]["reply"], rating=-1, comment="I have to know.")
    conversation = Conversation.objects.get()
    Usage.objects.update(created=timezone.now() - timedelta(minutes=2))
    owner = owner_client()

    listed = owner.get(f"{ADMIN}/conversation/?rating=down").content.decode()
    assert "Where can I park?" in listed
    assert "ann" in listed

    transcript = owner.get(f"{ADMIN}/conversation/{conversation.pk}/change/").content.decode()
    dollars = Usage.objects.get().dollars
    assert "I have to know." in transcript
    assert f"${floatformat(dollars, 5)}" in transcript

    unanswered_questions.review_new_replies()
    unanswered = owner.get(f"{ADMIN}/unanswered/")
    assert f"/conversation/{conversation.pk}/change/" in unanswered.content.decode()
    ids = unanswered.context["groups"][0].ids
    owner.post(f"{ADMIN}/unanswered/", {"ids": ids, "action": "done"})
    assert not Unanswered.objects.open().exists()

    report = owner.get(f"{ADMIN}/usage/?by=month").context["report"]
    assert sum(period.figures.dollars for period in report.periods) == dollars

    call_command("chat_export", user="ann")
    exported = json.loads(capsys.readouterr().out)["conversations"][0]
    assert exported["messages"][1]["comment"] == "I have to know."

    call_command("chat_forget", user="ann", interactive=False)
    assert not Conversation.objects.exists()
    assert not Message.objects.exists()
    assert visitor.history()["messages"] == []
    report = owner.get(f"{ADMIN}/usage/?by=month").context["report"]
    assert report.total.dollars == dollars
