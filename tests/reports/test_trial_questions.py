"""Tests of the time limit and the errors of questions that are asked from the admin."""

from __future__ import annotations

from time import monotonic
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection
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


class Breaking(Chatbot):
    """Raises an error if the message says so."""

    def clean_message(self, text: str) -> str:
        if text == "raise":
            raise RuntimeError("the shop is down")
        if text == "query":
            with connection.cursor() as cursor:
                cursor.execute("SELECT no_such_column")
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


def test_errors_of_the_bot_keep_the_other_answers(
    settings: Settings, claude_standin: Standin, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CHAT_BOTS = {"default": f"{__name__}.Breaking"}
    claude_standin.script("At eight.", "At ten.")
    first, *failed = trial_questions.ask(["When?", "raise", "query"], "default")
    assert (first.text, first.problem) == ("At eight.", "")
    assert [each.problem.partition(":")[0] for each in failed] == [
        "The code of the bot failed",
        "Something went wrong here. Please try again. See the site's log.",
    ]
    assert not any(each.text for each in failed)
    assert "the shop is down" in caplog.text
    assert Usage.objects.count() == 1


def test_an_answer_whose_usage_can_not_be_stored_is_shown(
    owner: Client, claude_standin: Standin
) -> None:
    def fail(execute: Any, sql: str, *arguments: Any) -> Any:
        if sql.startswith("INSERT") and "sitechat_usage" in sql:
            raise OperationalError("disk full")
        return execute(sql, *arguments)

    claude_standin.script("At eight.")
    form = {"_try": "1", "question": ["When?"], "enabled": "on"}
    with connection.execute_wrapper(fail):
        page = owner.post("/admin/sitechat/bottexts/", form).content.decode()
    assert "At eight." in page
    assert "See the site&#x27;s log." in page
    assert "$0.0000" not in page
