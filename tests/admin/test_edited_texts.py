"""Tests of the admin of bots' texts."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.checks import run_checks
from django.test import Client
from pytest_django import Settings

from sitechat.admin.edited_texts import MAX_INSTRUCTIONS_LENGTH, MAX_SUGGESTIONS
from sitechat.conversations import edited_bot_texts
from sitechat.models import BotTexts, Usage
from sitechat.standin import Standin
from tests.owner import owner_client

pytestmark = pytest.mark.django_db

TEXTS = "/admin/sitechat/bottexts/"


def save(client: Client, **fields: Any) -> Any:
    latest = BotTexts.objects.order_by("-pk").first()
    data = {
        "enabled": "on",
        "offers_contact": "on",
        "offers_person": "on",
        "greeting": "",
        "suggestions": "",
        "instructions": "",
        "version": str(latest.pk) if latest else "",
        **fields,
    }
    return client.post(TEXTS, {name: value for name, value in data.items() if value is not None})


def test_each_save_is_a_version_with_its_author(owner: Client) -> None:
    assert "Nothing has been edited" in owner.get(TEXTS).content.decode()
    save(owner, greeting="Good day", suggestions="Open?\n\n Dogs? ")
    save(owner, greeting="Good day", suggestions="Open?\nDogs?", enabled=None)
    rows = BotTexts.objects.order_by("pk")
    assert [(row.greeting, row.suggestions, row.enabled) for row in rows] == [
        ("Good day", ["Open?", "Dogs?"], True),
        ("Good day", ["Open?", "Dogs?"], False),
    ]
    page = owner.get(TEXTS).content.decode()
    assert "This bot is off" in page
    assert page.count("<td>owner</td>") == 2
    earlier = owner.get(f"{TEXTS}?version={rows[0].pk}")
    assert earlier.context["form"].instance.enabled
    assert "The form shows an earlier version" in earlier.content.decode()


def test_nothing_new_is_no_version(owner: Client) -> None:
    save(owner)
    assert not BotTexts.objects.exists()


def test_a_version_that_was_saved_meanwhile_is_not_lost(owner: Client) -> None:
    save(owner, greeting="One")
    response = save(owner, greeting="Two", version="")
    assert "owner has saved another version meanwhile" in response.content.decode()
    assert BotTexts.objects.count() == 1
    version = response.context["form"]["version"].value()
    assert save(owner, greeting="Two", version=version).status_code == 302
    assert BotTexts.objects.count() == 2


def test_a_form_that_is_sent_again_is_no_other_version(owner: Client) -> None:
    for _copy in range(2):
        assert save(owner, greeting="One", version="").status_code == 302
    assert BotTexts.objects.count() == 1


def test_a_version_that_was_saved_since_the_form_was_checked_is_not_replaced() -> None:
    first, second, third = (BotTexts(bot="default", greeting=text) for text in "ABC")
    assert edited_bot_texts.add_version(first, after=None)
    assert not edited_bot_texts.add_version(second, after=None)
    assert edited_bot_texts.add_version(third, after=first)
    assert [row.greeting for row in BotTexts.objects.order_by("pk")] == ["A", "C"]


@pytest.mark.usefixtures("_sdk")
def test_questions_are_asked_before_anything_is_saved(
    owner: Client, claude_standin: Standin
) -> None:
    response = save(
        owner, instructions="Mention the sale.", question=["Hi", " ", "Open?", "more"], _try="1"
    )
    assert len(response.context["rows"]) == 2
    assert "Mention the sale." in str(claude_standin.requests[0].body["system"])
    assert not BotTexts.objects.exists()
    assert set(Usage.objects.values_list("command", flat=True)) == {"admin"}
    assert response.context["form"]["instructions"].value() == "Mention the sale."


@pytest.mark.parametrize(
    "fields",
    [
        {"greeting": "x" * 2000},
        {"instructions": "x" * (MAX_INSTRUCTIONS_LENGTH + 1)},
        {"suggestions": "\n".join(map(str, range(MAX_SUGGESTIONS + 1)))},
        {"suggestions": "x" * 500},
        {"greeting": "\x00"},
        {"version": "x"},
    ],
)
def test_bad_input_is_refused(owner: Client, fields: dict[str, str]) -> None:
    assert save(owner, **{"greeting": "Hi", **fields}).status_code == 200
    assert not BotTexts.objects.exists()


def test_each_bot_has_its_own(owner: Client, settings: Settings) -> None:
    settings.CHAT_BOTS = {"default": "sitechat.Chatbot", "shop": "sitechat.Chatbot"}
    owner.post(f"{TEXTS}?bot=shop", {"greeting": "Shop", "enabled": "on"})
    assert BotTexts.objects.get().bot == "shop"
    assert owner.get(f"{TEXTS}?bot=nobody").context["bot"] == "default"


def test_it_takes_the_permission_to_change(claude_standin: Standin) -> None:
    staff = owner_client("sitechat.view_bottexts")
    assert 'name="_save"' not in staff.get(TEXTS).content.decode()
    assert save(staff, greeting="x").status_code == 403
    assert save(staff, question="Hi", _try="1").status_code == 403
    assert not claude_standin.requests


def test_a_check_reports_what_differs(owner: Client) -> None:
    save(owner, greeting="Good day")
    checks = run_checks(include_deployment_checks=True)
    (found,) = (each for each in checks if each.id == "sitechat.I002")
    assert "greeting" in found.msg
