"""Tests of summing up a long past on a thread."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from django.db import transaction
from django.test import Client
from pytest_django import Settings

from sitechat.metrics import ChatCollector
from sitechat.models import Status, Summary, Usage
from sitechat.reports import usage_catch_up, usage_summaries
from tests.owner import owner_client, talk
from tests.smaller import Smaller

USAGE = "/admin/sitechat/usage/"


@pytest.mark.django_db
def test_the_past_is_summed_up_day_by_day() -> None:
    for age in (1, 2, 5):
        talk(("a", "b"), age=timedelta(days=age))
    usage_catch_up.sum_up_past()
    rows = Summary.objects.filter(period=Summary.Period.DAY)
    assert sum(rows.values_list("replies", flat=True)) == 3
    assert usage_summaries.summarised_until() is not None
    assert usage_catch_up.catch_up() is None


@pytest.mark.django_db(transaction=True)
def test_a_page_does_not_wait_for_it(smaller: Smaller) -> None:
    smaller(usage_catch_up, MAX_IN_REQUEST=1)
    for age in (1, 2, 5):
        talk(("a", "b"), age=timedelta(days=age))
    owner: Client = owner_client()
    with transaction.atomic():  # the thread starts after it
        page = owner.get(USAGE)
    assert page.context["progress"].total == 3
    assert "Past usage is being summed up" in page.content.decode()
    assert usage_catch_up.worker().wait(60)
    assert "By time" in owner.get(USAGE).content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_scrape_of_the_metrics_does_not_wait_for_it(smaller: Smaller) -> None:
    core = pytest.importorskip("prometheus_client")
    registry = core.CollectorRegistry()
    registry.register(ChatCollector())
    value = registry.get_sample_value
    smaller(usage_catch_up, MAX_IN_REQUEST=1)
    for age in (1, 2, 5):
        talk(("a", "b"), age=timedelta(days=age))
    labels = {"bot": "default", "model": "claude-opus-4-7", "outcome": "answered"}
    with transaction.atomic():
        first = {family.name for family in ChatCollector().collect()}
    assert first == {"sitechat_summed_ratio", "sitechat_running_replies", "sitechat_unanswered"}
    assert usage_catch_up.worker().wait(60)
    assert value("sitechat_summed_ratio") == 1
    assert value("sitechat_replies_total", labels) == 3


@pytest.mark.django_db(transaction=True)
def test_a_page_does_not_wait_for_it_after_the_clock_was_ahead(smaller: Smaller) -> None:
    for age in (1, 2, 5):
        talk(("a", "b"), age=timedelta(days=age))
    usage_summaries.summarise_new_hours(datetime.now(timezone.utc) + timedelta(days=3))
    smaller(usage_catch_up, MAX_IN_REQUEST=1)
    with transaction.atomic():
        assert owner_client().get(USAGE).context["progress"].total == 3
    assert usage_catch_up.worker().wait(60)
    assert usage_catch_up.catch_up() is None
    rows = Summary.objects.filter(period=Summary.Period.DAY)
    assert sum(rows.values_list("replies", flat=True)) == 3


@pytest.mark.django_db
def test_an_empty_site_says_so() -> None:
    assert "Nobody has asked anything yet." in owner_client().get(USAGE).content.decode()


@pytest.mark.parametrize(
    ("zone", "repeated", "now"),
    [
        ("Europe/Berlin", "2026-10-25T02:30", "2026-10-25T01:30+00:00"),
        ("Europe/Berlin", "2026-10-25T02:30", "2026-10-27T09:00+00:00"),
        ("Europe/Chisinau", "2020-10-25T02:30", "2020-10-25T01:30+00:00"),
        ("Europe/Chisinau", "2020-10-25T02:30", "2020-10-27T09:00+00:00"),
    ],
)
@pytest.mark.django_db
def test_without_time_zones_the_hour_that_comes_twice_is_summed_up_once(
    settings: Settings, zone: str, repeated: str, now: str
) -> None:
    settings.USE_TZ = False
    settings.TIME_ZONE = zone
    second = datetime.fromisoformat(repeated)
    for created in (second - timedelta(hours=3), second):
        Usage.objects.create(bot="default", model="m", status=Status.COMPLETE, created=created)
    at = datetime.fromisoformat(now)
    usage_catch_up.sum_up_past(at)
    usage_catch_up.sum_up_past(at + timedelta(hours=3))
    usage_summaries.sum_again(at + timedelta(hours=3))
    for period in Summary.Period:
        assert sum(Summary.objects.filter(period=period).values_list("replies", flat=True)) == 2
