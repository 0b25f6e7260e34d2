"""Tests of groups of unanswered questions."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from django.utils import timezone
from pytest_django import Settings

from sitechat.models import Job, Unanswered
from sitechat.reports import question_grouping, unanswered_questions
from tests.owner import talk
from tests.smaller import Smaller

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def by_subject(texts: Sequence[str]) -> list[list[float]]:
    """Embed a text by whether it is about parking."""
    about = [any(word in text.lower() for word in ("park", "car")) for text in texts]
    return [[1.0, 0.0] if each else [0.0, 1.0] for each in about]


def broken(texts: Sequence[str]) -> list[list[float]]:
    raise RuntimeError("no model")


def ask(*questions: str) -> None:
    for question in questions:
        talk((question, "I don't know."))
    unanswered_questions.review_new_replies()


def groups() -> list[set[str]]:
    found: dict[object, set[str]] = {}
    for group, question in Unanswered.objects.values_list("group", "question"):
        found.setdefault(group, set()).add(question)
    return sorted(found.values(), key=lambda one: (-len(one), sorted(one)))


PARKING = "Where can I leave my car overnight?"


def test_questions_of_one_meaning_are_grouped_by_the_embedder(settings: Settings) -> None:
    settings.CHAT_EMBEDDER = f"{__name__}.by_subject"
    ask(PARKING, "Is there a parking lot?", "Do you bake vegan bread?")
    assert groups() == [{PARKING, "Is there a parking lot?"}, {"Do you bake vegan bread?"}]


def test_later_questions_join_the_groups_that_are_open(settings: Settings) -> None:
    settings.CHAT_EMBEDDER = f"{__name__}.by_subject"
    ask(PARKING)
    talk(("Is there a parking lot?", "Maybe."), rating=-1)
    Job.record(Job.RATED, timezone.now())
    unanswered_questions.review_new_replies(10)
    assert groups() == [{PARKING, "Is there a parking lot?"}]


def test_a_question_does_not_join_a_group_that_is_done() -> None:
    ask("Where can I park?")
    Unanswered.objects.mark_done([Unanswered.objects.get().pk])
    talk(("where can i park", "Maybe."), rating=-1)
    Job.record(Job.RATED, timezone.now())
    unanswered_questions.review_new_replies(10)
    assert Unanswered.objects.values("group").distinct().count() == 2


def test_without_a_working_embedder_letters_decide(settings: Settings) -> None:
    settings.CHAT_EMBEDDER = f"{__name__}.broken"
    ask("Where can I park?", "where can i park", "Vegan bread?")
    assert groups() == [{"Where can I park?", "where can i park"}, {"Vegan bread?"}]


def test_questions_of_an_earlier_version_are_grouped_in_batches(smaller: Smaller) -> None:
    smaller(question_grouping, BATCH=2)
    ask("Where can I park?", "where can i park", "Where can i park")
    Unanswered.objects.update(group=None, language=None)
    assert not question_grouping.group_new(2)
    assert question_grouping.group_new(2)
    assert len(groups()) == 1
    assert set(Unanswered.objects.values_list("language", flat=True)) == {"en"}
