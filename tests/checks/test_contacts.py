"""Tests of the checks of CHAT_CONTACT."""

from __future__ import annotations

from typing import Any

import pytest
from pytest_django import Settings

from sitechat.checks import contacts, run


@pytest.mark.parametrize(
    ("options", "hint"),
    [
        (["email"], "dictionary"),
        ({"field": ["email"]}, "'fields'"),
        ({"fields": "email"}, '"phone"'),
        ({"fields": []}, '"phone"'),
        ({"fields": ["fax"]}, '"phone"'),
        ({"required": ["fax"]}, "some of the fields"),
        ({"required": ["phone"]}, "some of the fields"),
        ({"fields": ["email"], "required": ["email", "name"]}, "some of the fields"),
        ({"consent": 5}, "a string"),
        ({"notify": "sales@example.org"}, "a list of addresses"),
        ({"notify": ["sales\nBcc: x@example.org"]}, "a list of addresses"),
        ({"before": "yes"}, "True or False"),
    ],
)
def test_a_mistake_is_reported(settings: Settings, options: Any, hint: str) -> None:
    settings.CHAT_CONTACT = options
    [error] = run()
    assert error.id == "sitechat.E030"
    assert hint in str(error.hint)


def test_a_form_without_a_way_back_is_reported(settings: Settings) -> None:
    settings.CHAT_CONTACT = {"fields": ["name", "message"]}
    assert [message.id for message in contacts.check_contact_form()] == ["sitechat.W030"]
    settings.CHAT_CONTACT = {"fields": ["email"], "required": []}
    assert [message.id for message in contacts.check_contact_form()] == ["sitechat.W030"]
    settings.CHAT_CONTACT = {"fields": ["email", "phone"], "required": ["phone"]}
    assert list(contacts.check_contact_form()) == []
