"""Tests of the search for approved answers."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from sitechat.knowledge import approved_search
from sitechat.knowledge.searching import Query
from sitechat.models import ApprovedAnswer

pytestmark = [pytest.mark.django_db, pytest.mark.database]


def answer(title: str = "Parking", questions: str = "Where can I park?", **fields: Any) -> Any:
    fields = {"answer": "Behind the house.", **fields}
    return ApprovedAnswer.objects.create(title=title, questions=questions, **fields)


def titles(question: str, *, bot: str = "default", **context: Any) -> list[str]:
    return [found.title for found in approved_search.find(Query(question, **context), bot)]


@pytest.mark.parametrize(
    "question",
    [
        *("Where can I park?", "where may I park my car", "parking?", "Where can I prak?"),
        "We come on Sunday with two cars and a trailer. Where can we park them all?",
    ],
)
def test_an_answer_is_found_by_the_words_of_its_wordings(question: str) -> None:
    answer(questions="Where can I park my car?\nIs there parking?")
    answer("Dogs", "Are dogs allowed?")
    assert titles(question) == ["Parking"]


@pytest.mark.parametrize("question", ["", "?", "Do you sell bread?", "Where are you?", "x" * 5000])
def test_other_questions_find_nothing(question: str) -> None:
    answer()
    assert titles(question) == []


def test_a_follow_up_question_is_found_with_the_one_before() -> None:
    answer("Refunds", "Do you refund tickets?")
    assert titles("And for children?", previous="Do you refund tickets?") == ["Refunds"]


def test_changes_take_effect_at_once() -> None:
    one = answer()
    assert titles("Where can I park?") == ["Parking"]
    ApprovedAnswer.objects.filter(pk=one.pk).update(active=False)
    assert titles("Where can I park?") == []
    one.title = "Cars"
    one.save()
    assert titles("Where can I park?") == ["Cars"]
    one.delete()
    assert titles("Where can I park?") == []


def test_a_change_on_a_host_with_a_slower_clock_takes_effect_at_once() -> None:
    answer("Dogs", "Are dogs allowed?")
    ApprovedAnswer.objects.update(updated=timezone.now() + timedelta(seconds=30))
    one = answer()
    assert titles("Where can I park?") == ["Parking"]
    one.title = "Cars"
    one.save()
    assert titles("Where can I park?") == ["Cars"]


@pytest.mark.django_db(transaction=True)
def test_tenants_whose_rows_look_the_same_get_their_own_answers(settings: Settings) -> None:
    settings.CHAT_REQUEST_ISOLATION = True
    answer()
    assert titles("Where can I park?") == ["Parking"]

    def other_tenant() -> list[str]:
        """Ask on a connection with a table of its own, as a schema for each tenant gives it."""
        with connection.cursor() as cursor:
            cursor.execute("CREATE TEMPORARY TABLE mine AS SELECT * FROM sitechat_approvedanswer")
            cursor.execute("ALTER TABLE mine RENAME TO sitechat_approvedanswer")
            cursor.execute("UPDATE sitechat_approvedanswer SET title = 'Cars'")
        found = [titles("Where can I park?") for _ in range(2)]
        connection.close()
        return found[0] + found[1]

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(other_tenant).result() == ["Cars", "Cars"]
    assert titles("Where can I park?") == ["Parking"]


def test_answers_are_for_their_bots_languages_and_audience() -> None:
    answer("Shop", bots=["shop"])
    answer("German", "Wo kann ich parken?", language="de")
    answer("Staff", "Where do we park?", audience="staff")
    assert titles("Where can I park?") == []
    assert titles("Where can I park?", bot="shop") == ["Shop"]
    assert titles("Wo kann ich parken?") == ["German"]
    ann = User.objects.create_user("ann", is_staff=True)
    assert titles("Where do we park?", user=ann) == ["Staff"]


def by_subject(texts: Sequence[str]) -> list[list[float]]:
    """Embed a text by whether it is about cars."""
    about = [any(word in text.lower() for word in ("park", "vehicle")) for text in texts]
    return [[1.0, 0.0] if each else [0.0, 1.0] for each in about]


def editing(texts: Sequence[str]) -> list[list[float]]:
    """Embed texts while somebody changes the answers to other questions."""
    for one in ApprovedAnswer.objects.all():
        one.questions = "Are dogs allowed?"
        one.save()
    return by_subject(texts)


def broken(texts: Sequence[str]) -> list[list[float]]:
    raise RuntimeError("no model")


def test_an_embedder_finds_other_words_for_the_same(settings: Settings) -> None:
    settings.CHAT_EMBEDDER = f"{__name__}.by_subject"
    answer()
    answer("Dogs", "Are dogs allowed?")
    assert titles("A place for my vehicle, please") == []
    assert approved_search.embed_missing() == 2
    assert titles("A place for my vehicle, please") == ["Parking"]
    assert approved_search.embed_missing() == 0


def test_vectors_of_questions_that_were_changed_meanwhile_are_not_stored(
    settings: Settings,
) -> None:
    settings.CHAT_EMBEDDER = f"{__name__}.editing"
    answer()
    assert approved_search.embed_missing() == 0
    settings.CHAT_EMBEDDER = f"{__name__}.by_subject"
    assert approved_search.embed_missing() == 1


def test_a_broken_embedder_leaves_the_words(settings: Settings) -> None:
    settings.CHAT_EMBEDDER = f"{__name__}.broken"
    one = answer()
    assert not approved_search.embed_in_time(one)
    assert approved_search.embed_missing() == 0
    assert titles("Where can I park?") == ["Parking"]
