"""Tests of the rows of regular jobs."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from sitechat.models import Job


@pytest.mark.django_db(transaction=True)
def test_a_job_is_recorded_although_another_writer_was_faster_once() -> None:
    conflicts = [OperationalError("database is locked")]

    def conflict(execute: Any, sql: str, *arguments: Any) -> Any:
        if conflicts and sql.startswith(("INSERT", "UPDATE")):
            raise conflicts.pop()
        return execute(sql, *arguments)

    with connection.execute_wrapper(conflict):
        Job.record("cleanup")
    assert not conflicts
    assert Job.objects.get().name == "cleanup"


@pytest.mark.django_db
def test_a_job_that_records_no_time_keeps_the_recorded_one() -> None:
    until = timezone.now()
    Job.record("review", until)
    Job.record("review")
    assert Job.progress("review") == until
