"""Tests of monitoring: logs, metrics and tasks."""

from __future__ import annotations

import importlib
import logging
import runpy
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import django
import pytest
from pytest_django import Settings

from sitechat import receivers
from sitechat.models import Conversation, Message, Usage
from sitechat.reports import reply_logs, usage_report, usage_summaries
from tests.owner import LONG_AGO, talk
from tests.visitor import Visitor

pytestmark = pytest.mark.django_db


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.INFO, logger="sitechat"):
        yield caplog


def of_replies(log: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in log.records if record.name == "sitechat.replies"]


def test_each_reply_is_a_line_with_fields_and_without_texts(
    visitor: Visitor, claude_standin: Any, log: pytest.LogCaptureFixture
) -> None:
    claude_standin.script("The secret answer.")
    visitor.ask("My secret question?")
    (record,) = of_replies(log)
    reply = Message.objects.get(role="assistant")
    assert record.__dict__["reply"] == str(reply.pk)
    assert record.__dict__["conversation"] == str(reply.conversation_id)
    assert record.__dict__["status"] == "complete"
    assert record.__dict__["dollars"] > 0
    for each in log.records:
        assert "secret" not in each.getMessage()
        assert "secret" not in str({k: v for k, v in vars(each).items() if k != "args"})
        assert "sk-" not in str(vars(each))


def test_connecting_twice_logs_once(visitor: Visitor, log: pytest.LogCaptureFixture) -> None:
    receivers.connect()
    visitor.ask("Hello?")
    assert len(of_replies(log)) == 1


def test_a_reply_of_a_forgotten_conversation_has_a_line(log: pytest.LogCaptureFixture) -> None:
    reply_logs.log_reply(reply=None, usage=None)
    usage = Usage(bot="default", model="m", status="stopped", dollars=Decimal("0.5"))
    reply_logs.log_reply(reply=None, usage=usage)
    assert "$0.50000" in of_replies(log)[1].getMessage()


def test_metrics_come_from_the_database() -> None:
    client = pytest.importorskip("prometheus_client")
    from sitechat.metrics import ChatCollector

    slow = {"dollars": Decimal("0.5"), "first_token_ms": 3000}
    talk(("a", "b"), ("c", "d"), age=timedelta(), usage=slow)
    talk(("a", ""), status="failed", age=LONG_AGO, bot="support")
    registry = client.CollectorRegistry()
    registry.register(ChatCollector())
    value = registry.get_sample_value
    by = {"bot": "default", "model": "claude-opus-4-7"}
    assert value("sitechat_replies_total", {**by, "outcome": "answered"}) == 2
    assert value("sitechat_replies_total", {**by, "bot": "support", "outcome": "error"}) == 1
    assert value("sitechat_dollars_total", by) == 1
    assert value("sitechat_tokens_total", {**by, "kind": "output"}) == 40
    assert value("sitechat_conversations_total", {**by, "bot": "support"}) == 1
    assert value("sitechat_first_token_seconds_bucket", {**by, "le": "2.0"}) == 0
    assert value("sitechat_first_token_seconds_bucket", {**by, "le": "4.0"}) == 2
    assert value("sitechat_first_token_seconds_count", by) == 2
    assert value("sitechat_first_token_seconds_sum", by) == pytest.approx(6, rel=0.03)
    assert value("sitechat_running_replies") == 0
    assert value("sitechat_limit_spent_ratio", {"limit": "20 usd/day"}) > 0
    assert b"sitechat_replies_total" in client.generate_latest(registry)


@pytest.mark.parametrize("age", [timedelta(), timedelta(hours=3), LONG_AGO])
def test_no_counter_falls_when_conversations_are_deleted(age: timedelta) -> None:
    client = pytest.importorskip("prometheus_client")
    from sitechat.metrics import ChatCollector

    def counters() -> dict[str, float]:
        return {
            f"{sample.name} {sample.labels}": sample.value
            for family in ChatCollector().collect()
            if isinstance(family, client.core.CounterMetricFamily)
            for sample in family.samples
        }

    for _n in range(3):
        talk(("a", "b"), age=age)
    before = counters()
    Conversation.objects.all().delete()
    usage_summaries.sum_again()
    assert counters() == before


def test_conversations_are_counted_when_their_hour_has_been_summed_up() -> None:
    talk(("a", "b"))
    key = ("default", "claude-opus-4-7")
    assert usage_report.totals()[key].conversations == 0
    later = datetime.now(timezone.utc) + timedelta(hours=2)
    assert usage_report.totals(later)[key].conversations == 1


def test_an_empty_site_has_metrics() -> None:
    client = pytest.importorskip("prometheus_client")
    from sitechat.metrics import ChatCollector

    registry = client.CollectorRegistry()
    registry.register(ChatCollector())
    assert registry.get_sample_value("sitechat_unanswered") == 0


def test_the_cleanup_is_a_task_of_celery() -> None:
    celery = pytest.importorskip("celery")
    importlib.import_module("sitechat.tasks")
    talk(("old", "yes"), age=LONG_AGO)
    task = celery.current_app.tasks["sitechat.cleanup"]
    assert task.apply(kwargs={"days": 30}).get()["conversations"] == 1
    assert not Conversation.objects.exists()


@pytest.mark.skipif(django.VERSION < (6, 0), reason="Django has tasks from 6.0 on")
def test_the_cleanup_is_a_task_of_django() -> None:
    from sitechat import tasks

    talk(("old", "yes"), age=LONG_AGO)
    task: Any = tasks.cleanup
    result = task.enqueue()
    assert result.return_value["conversations"] == 1


def test_without_a_queue_the_cleanup_is_a_function(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sitechat import tasks

    settings.TASKS = {}
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    talk(("old", "yes"), age=LONG_AGO)
    cleanup = runpy.run_path(tasks.__file__)["cleanup"]
    assert cleanup(days=9000)["conversations"] == 0
    assert cleanup()["conversations"] == 1
