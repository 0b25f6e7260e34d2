"""Tests of transactions that are tried again after conflicts."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, OperationalError, transaction

from sitechat.runtime import database

CONFLICT = OperationalError("database is locked")


def tried(*errors: Exception) -> int:
    """Try a transaction whose attempts raise these errors; return the number of attempts."""
    left, made = list(errors), 0
    for attempt in database.attempts():
        with attempt:
            made += 1
            if left:
                raise left.pop(0)
    return made


def test_a_transaction_without_a_conflict_is_tried_once() -> None:
    assert tried() == 1


def test_conflicts_are_tried_again() -> None:
    assert tried(CONFLICT, CONFLICT) == 3


def test_other_errors_are_raised() -> None:
    with pytest.raises(IntegrityError):
        tried(IntegrityError("duplicate key"))


def test_further_errors_can_be_conflicts() -> None:
    errors = [IntegrityError("duplicate key")]

    def work() -> str:
        if errors:
            raise errors.pop()
        return "done"

    assert database.retry(work, also=(IntegrityError,)) == "done"


@pytest.mark.django_db
def test_inside_a_transaction_a_conflict_is_raised() -> None:
    with pytest.raises(OperationalError), transaction.atomic():
        tried(CONFLICT)
