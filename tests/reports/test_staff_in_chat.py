"""Tests that what the site's staff asks in the chat is marked and left out of the figures."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db.models import Sum
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from sitechat.conversations import command_signature
from sitechat.models import Contact, Conversation, Delivery, Handoff, Unanswered, Usage
from sitechat.reports import period_report, unanswered_questions, usage_report
from sitechat.standin import Standin
from tests.owner import LIST, page_of, talk, url_of
from tests.reports.test_period_report import last_week
from tests.visitor import CHAT, Visitor

pytestmark = pytest.mark.django_db


def signed_in(*permissions: str, **fields: Any) -> Visitor:
    user = User.objects.create_user("ann", **fields)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    visitor = Visitor()
    visitor.client.force_login(user)
    return visitor


@pytest.mark.parametrize(
    ("fields", "permissions", "mark"),
    [
        ({"is_superuser": True, "is_staff": True}, [], "staff"),
        ({"is_staff": True}, ["view_usage"], "staff"),
        ({"is_staff": True}, ["answer_conversation"], "staff"),
        ({"is_staff": True}, ["view_user"], None),
        ({"is_superuser": True}, [], None),
        ({}, ["view_usage"], None),
        ({}, [], None),
    ],
)
def test_staff_with_a_permission_of_the_chat_are_marked(
    claude_standin: Standin, fields: dict[str, Any], permissions: list[str], mark: str | None
) -> None:
    response = signed_in(*permissions, **fields).send("Hello?")
    assert command_signature.HEADER not in response.headers
    assert Conversation.objects.get().command == mark
    assert Usage.objects.get().command == mark


def test_figures_leave_staff_out_unless_asked(claude_standin: Standin, settings: Settings) -> None:
    settings.CHAT_LIMITS = {"site": ["100 messages/day"]}
    Visitor().send("A visitor's?")
    signed_in(is_staff=True, is_superuser=True).send("Our own?")
    assert usage_report.report("day").total.replies == 1
    assert usage_report.report("day", commands=True).total.replies == 2
    assert sum(each.replies for each in usage_report.totals().values()) == 1
    [use] = usage_report.site_limits()
    assert use.spent == 2, "the limits count staff as everybody else"
    assert Usage.objects.aggregate(Sum("dollars"))["dollars__sum"] > Decimal(0)


def test_what_staff_ask_is_no_coverage_gap(claude_standin: Standin) -> None:
    claude_standin.script("I could not find it, the site does not say.")
    signed_in(is_staff=True, is_superuser=True).send("Where?")
    unanswered_questions.review_new_replies()
    assert not Unanswered.objects.exists()


def test_staff_can_try_everything_that_visitors_do(
    claude_standin: Standin, settings: Settings
) -> None:
    settings.CHAT_PERSON = {"email": "support@example.org"}
    settings.CHAT_CONSENT = "I agree."
    settings.CHAT_WEBHOOKS = [{"url": "https://hooks.example/", "secret": "s" * 16}]
    visitor = signed_in(is_staff=True, is_superuser=True)
    assert visitor.send("Hello?").json()["error"] == "consent_required"
    visitor.post({}, f"{CHAT}consent/")
    visitor.ask("Hello?")
    assert visitor.client.post(f"{CHAT}person/").status_code == 202
    assert Handoff.objects.get().state == "waiting"
    events = set(Delivery.objects.values_list("event", flat=True))
    assert {"conversation_started", "reply_finished", "person_requested"} <= events


def test_the_list_names_the_user_and_filters(owner: Client) -> None:
    ann = User.objects.create_user("ann")
    own = talk(("Our own?", "yes"), user=ann)
    Conversation.objects.filter(pk=own.pk).update(command="staff")
    talk(("A visitor's?", "yes"))
    page = page_of(owner, LIST)
    assert ">ann<" in page
    assert "staff in the chat" in page
    assert "ann" in page_of(owner, url_of(own))
    for query, shown, hidden in (
        ("visitors", "A visitor", "Our own?"),
        ("others", "Our own?", "A visitor"),
    ):
        page = page_of(owner, f"{LIST}?asked={query}")
        assert shown in page
        assert hidden not in page


def test_contacts_that_staff_leave_are_not_in_the_report() -> None:
    own = talk(("Our own?", "yes"))
    Conversation.objects.filter(pk=own.pk).update(command="staff")
    Contact.objects.create(email="ann@example.org", bot="default", conversation=own)
    Contact.objects.create(email="bob@example.org", bot="default")
    Contact.objects.update(created=timezone.now() - last_week())
    assert period_report.period_report("week").figures.contacts == 1
