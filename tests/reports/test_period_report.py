"""Tests of the report of a week or month: figures, mail, command, task and page."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from pytest_django import Settings

from sitechat import tasks
from sitechat.models import Conversation, Delivery
from sitechat.people import staff_actions
from sitechat.reports.period_report import PeriodReport, period_report, reviewed_report
from sitechat.reports.report_mail import as_mail, as_text
from tests.owner import owner_client, talk

pytestmark = [pytest.mark.django_db, pytest.mark.database]

PAGE = "/admin/sitechat/usage/report/"


def last_week() -> timedelta:
    """Return how long ago the middle of the last whole week was."""
    now = datetime.now(timezone.utc)
    monday = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=now.weekday())
    return now - (monday - timedelta(days=3))


def week() -> PeriodReport:
    when = last_week()
    talk(("Where can I park?", "I don't know."), age=when, usage={"dollars": Decimal("1.5")})
    talk(("where can i park", "Behind the mill."), age=when, rating=1)
    talk(("What is it?", "A loaf."), age=when, rating=-1, status="complete")
    talk(("When?", ""), age=when, status="failed", usage={"dollars": 0})
    talk(("Earlier?", "Yes."), age=when + timedelta(days=7))
    talk(("Mine?", "Yes."), age=when).__class__.objects.filter(messages__text="Mine?").update(
        command="chat_ask"
    )
    return reviewed_report("week")


def test_a_person_counts_after_the_conversation_was_handed_back(settings: Settings) -> None:
    settings.CHAT_PERSON = {"names": ["Ann"]}
    with_ann, _alone = (
        talk(("One?", "Yes."), age=last_week()),
        talk(("Two?", "Yes."), age=last_week()),
    )
    updated = with_ann.updated
    ann = User.objects.create_user("ann")
    staff_actions.join(with_ann, ann)
    staff_actions.hand_back(with_ann, ann)
    Conversation.objects.filter(pk=with_ann.pk).update(updated=updated)
    figures = period_report("week").figures
    assert (figures.without_person, figures.resolved) == (0.5, 1)


def test_the_figures_of_a_week_and_of_the_one_before() -> None:
    report = week()
    figures = report.figures
    assert figures.conversations == 4
    assert figures.visitors == 4
    assert (figures.likes, figures.dislikes, figures.unanswered) == (1, 1, 2)
    assert figures.resolved == 2
    assert report.before.conversations == 1
    assert [question.count for question in report.frequent] == [2]
    assert {question.text for question in report.unanswered} == {
        "Where can I park?",
        "What is it?",
    }
    assert report.budget == 140
    assert (report.end - report.start).days == 7
    assert report.start.weekday() == 0


@pytest.mark.parametrize(
    ("period", "end", "budget"),
    [
        ("month", datetime(2026, 11, 3, tzinfo=timezone.utc), 100),  # October
        ("month", datetime(2026, 3, 3, tzinfo=timezone.utc), 100),  # February
        ("week", datetime(2026, 3, 1, tzinfo=timezone.utc), 25),  # 16 to 22 February
        ("week", datetime(2026, 10, 6, tzinfo=timezone.utc), Decimal(300) / 30 + Decimal(400) / 31),
    ],
)
def test_a_budget_for_a_month_is_shared_among_its_days(
    period: str, end: datetime, budget: Decimal, settings: Settings
) -> None:
    settings.CHAT_LIMITS = {"site": ["100 usd/month"]}
    assert period_report(period, end=end).budget == budget


def test_a_refusal_with_a_thumb_down_counts_once() -> None:
    when = last_week()
    for n in range(3):
        talk(("What?", "Bread."), age=when + timedelta(minutes=n))
    talk(("Why?", "No."), age=when, status="refused", rating=-1)
    figures = reviewed_report("week").figures
    assert (figures.questions, figures.unanswered, figures.answered) == (4, 1, 0.75)


def test_figures_outlive_the_conversations(settings: Settings) -> None:
    before = week()
    settings.CHAT_RETENTION_DAYS = 1
    for _run in range(2):
        assert call_command("chat_cleanup") is None
        assert not Conversation.objects.exists()
        after = reviewed_report("week")
        assert (after.figures, after.before) == (before.figures, before.before)


def test_figures_of_conversations_that_are_kept_are_counted_again(settings: Settings) -> None:
    week()
    call_command("chat_cleanup")
    conversation = talk(("Late?", "Yes."), age=last_week(), rating=1)
    call_command("chat_cleanup")
    assert period_report("week").figures.likes == 2
    conversation.messages.update(rating=0)
    assert period_report("week").figures.likes == 2
    call_command("chat_cleanup")
    assert period_report("week").figures.likes == 1


def test_an_empty_period_says_so(owner: Client) -> None:
    report = period_report("month")
    assert report.is_empty
    assert "Nobody asked anything in this period." in as_text(report)
    assert "Nobody asked anything in this period." in owner.get(PAGE).content.decode()


def test_the_mail_has_text_and_html_that_runs_nothing() -> None:
    talk(("<script>alert(1)</script>\r\nBcc: x@example.org", "I don't know."), age=last_week())
    mail = as_mail(reviewed_report("week"), ["ann@example.org"])
    assert "<script>" in mail.text
    assert "<script>" not in mail.html
    assert "<bdi>&lt;script&gt;" in mail.html
    assert "\n" not in mail.subject


def test_the_mail_has_words_for_a_question_that_is_not_known() -> None:
    talk(("", "I don't know."), age=last_week())
    mail = as_mail(reviewed_report("week"), ["ann@example.org"])
    assert "\N{MULTIPLICATION SIGN} (the question is not known)" in mail.text
    assert "<bdi>(the question is not known)</bdi></a>" in mail.html


def test_it_is_mailed_once_for_each_period(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.CHAT_NOTIFY = ["ann@example.org"]
    call_command("chat_report", mail=True)
    call_command("chat_report", mail=True)
    assert Delivery.objects.filter(event="report").count() == 1
    assert "1 address," in capsys.readouterr().out
    run = getattr(tasks.report, "func", tasks.report)
    assert run("month") == 1
    assert Delivery.objects.filter(event="report").count() == 2


def test_without_addresses_it_says_what_to_do(settings: Settings) -> None:
    settings.CHAT_NOTIFY = []
    with pytest.raises(CommandError, match="CHAT_NOTIFY"):
        call_command("chat_report", mail=True)


def test_the_command_prints_it(capsys: pytest.CaptureFixture[str]) -> None:
    week()
    call_command("chat_report", period="week")
    out = capsys.readouterr().out
    assert "Conversations: 4" in out
    assert "Where can I park?" in out


def test_links_lead_to_the_sites_own_address(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["localhost", "example.org"]
    week()
    mail = as_mail(reviewed_report("week"), ["ann@example.org"])
    assert "\n  https://example.org/admin/sitechat/conversation/" in mail.text
    assert "localhost" not in mail.text + mail.html
    assert "There are no links" not in mail.text + mail.html


def test_without_a_known_address_it_says_how_to_name_it(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    week()
    mail = as_mail(reviewed_report("week"), ["ann@example.org"])
    assert "/admin/" not in mail.text + mail.html
    assert "to ALLOWED_HOSTS" in mail.text
    assert "to ALLOWED_HOSTS" in mail.html


@pytest.mark.parametrize("query", ["", "period=month", "period=x", "end=x", "end=0001-01-01"])
def test_the_page_shows_any_period(owner: Client, query: str) -> None:
    week()
    assert owner.get(f"{PAGE}?{query}").status_code == 200


def test_the_page_leads_back_to_the_usage(owner: Client) -> None:
    page = owner.get(PAGE).content.decode()
    assert page.count('<li><a href="/admin/sitechat/usage/">Usage</a></li>') == 1


def test_the_page_shows_questions_to_those_who_may_read_them(owner: Client) -> None:
    week()
    assert "Where can I park?" in owner.get(PAGE).content.decode()
    staff = owner_client("sitechat.view_usage")
    assert "Where can I park?" not in staff.get(PAGE).content.decode()
    other = Client()
    assert other.get(PAGE).status_code == 302


def test_visitors_are_counted_once() -> None:
    when = last_week()
    ann = User.objects.create_user("ann")
    for fields in ({"user": ann}, {"user": ann}, {"visitor": "v"}, {"visitor": "v"}, {}, {}):
        found = talk(("One?", "Yes."), age=when)
        Conversation.objects.filter(pk=found.pk).update(**fields)
    figures = period_report("week").figures
    assert (figures.conversations, figures.visitors) == (6, 4)


def test_failing_hours_are_listed_the_worst_first() -> None:
    when = last_week()
    for count, age in ((5, when), (6, when + timedelta(hours=2))):
        for _ in range(count):
            talk(("One?", ""), age=age, status="failed")
    for _ in range(5):
        slow = {"first_token_ms": 20_000}
        talk(("One?", "Yes."), age=when + timedelta(hours=4), usage=slow)
    found = period_report("week").bad_hours
    assert [(hour.errors, hour.replies) for hour in found] == [(6, 6), (5, 5), (0, 5)]
