"""Simulation of another process that acts between two statements of the tested code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import OperationalError, connection


@contextmanager
def after_query(matches: Callable[[str], bool], work: Callable[[], object]) -> Iterator[None]:
    """Call `work` once, directly after the first statement for which `matches` is true."""
    waiting = [work]

    def wrapper(execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        result = execute(sql, *arguments)
        if waiting and matches(sql):
            waiting.pop()()
        return result

    with connection.execute_wrapper(wrapper):
        yield
    assert not waiting, "no statement matched"


@contextmanager
def losing_once(matches: Callable[[str], bool]) -> Iterator[None]:
    """Let the first statement for which `matches` is true end its transaction, as a deadlock."""
    waiting = [True]

    def wrapper(execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        if waiting and matches(sql):
            waiting.pop()
            raise OperationalError(1213, "Deadlock found; the database is locked")
        return execute(sql, *arguments)

    with connection.execute_wrapper(wrapper):
        yield
    assert not waiting, "no statement matched"
