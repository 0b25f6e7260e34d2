"""Tests of the time limit of questions that are asked from the admin."""

from __future__ import annotations

from time import monotonic
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from pytest_django import Settings

from sitechat import Chatbot
from sitechat.models import ApprovedAnswer, Usage
from sitechat.reports import trial_questions
from sitechat.standin import Answer, Standin
from tests.owner import page_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_sdk")]


class Masking(Chatbot):
    """Masks the names of users, which it reads from the database."""

    def clean_message(self, text: str) -> str:
        for name in User.objects.values_list("username", flat=True):
            text = text.replace(name, "…")
        return text


def test_a_question_passes_clean_message_which_may_read_the_database(
    owner: Client, settings: Settings, claude_standin: Standin
) -> None:
    settings.CHAT_BOTS = {"default": f"{__name__}.Masking"}
    claude_standin.script("Hi.")
    form = {"_try": "1", "question": ["Hello owner"], "enabled": "on"}
    page = owner.post("/admin/sitechat/bottexts/", form).content.decode()
    assert "Hi." in page
    assert "Hello …" in str(claude_standin.requests[0].body["messages"])


class Broken(Chatbot):
    def context(self, request: Any) -> str:
        raise RuntimeError("no plan")


def test_an_error_of_the_bots_code_is_shown_and_logged(
    owner: Client, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CHAT_BOTS = {"default": f"{__name__}.Broken"}
    form = {"_try": "1", "question": ["Hello", "When?"], "enabled": "on"}
    page = owner.post("/admin/sitechat/bottexts/", form).content.decode()
    assert page.count("The code of the bot failed: RuntimeError.") == 2
    assert "no plan" in caplog.text


def test_answers_that_take_too_long_are_cut_and_booked(claude_standin: Standin) -> None:
    claude_standin.script(Answer("We open at eight. And close at ten.", hold_after=1))
    started = monotonic()
    first, second = trial_questions.ask(["When?", "Where?"], "default", within=1)
    assert monotonic() - started < 25
    assert "cut" in first.problem
    assert "Not asked" in second.problem
    assert len(claude_standin.requests) == 1
    usage = Usage.objects.get()
    assert (usage.status, usage.command) == ("stopped", "admin")
    assert usage.dollars > 0


def test_the_pages_say_how_long_answers_may_take(owner: Client) -> None:
    answer = ApprovedAnswer.objects.create(title="x", questions="x", answer="x")
    limit = f"{trial_questions.TIME_LIMIT} seconds"
    assert limit in page_of(owner, f"/admin/sitechat/approvedanswer/{answer.pk}/ask/")
    assert limit in page_of(owner, "/admin/sitechat/bottexts/")
