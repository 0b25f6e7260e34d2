"""Benchmark of the admin pages with a million messages on PostgreSQL or SQLite.

    python benchmarks/admin.py [--database sqlite] [--messages 1000000] [--keep]

It creates the database `sitechat_benchmark_admin`, on 127.0.0.1 (PGHOST, PGUSER) or in the folder
for temporary files. It fills it with the rows of `admin_rows`: conversations of the last 90 days,
with a contact for every tenth of them and a delivery for every reply. Then it updates the summaries
and counts as `chat_cleanup` does.

It requests each page ten times with Django's test client: with middleware, queries and templates,
but without network. For each page, it prints the median time and the mean CPU time in ms, and the
number of queries. The CPU time includes that of PostgreSQL.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

from admin_rows import DIALECTS, statements

if TYPE_CHECKING:
    from django.test import Client

ROOT = Path(__file__).resolve().parent.parent
NAME = "sitechat_benchmark_admin"
FILE = Path(tempfile.gettempdir()) / f"{NAME}.sqlite3"
REQUESTS = 10
"""Number of requests of each page."""

COUNTING = ("report of a week", "report of a month")
"""Pages whose figures the cleanup counts. They are measured before it, while a thread counts them,
and after it."""

REVIEWING = ("report of a week", "report of a month", "unanswered questions")
"""Pages that let a thread review new replies. They are measured with and without such replies."""


def configure(vendor: str) -> None:
    sys.path[:0] = [str(ROOT / "src"), str(ROOT)]
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    os.environ["SITECHAT_TEST_DB"] = vendor
    os.environ["SITECHAT_TEST_DB_NAME"] = NAME if vendor == "postgresql" else str(FILE)
    import django
    from django.conf import settings

    django.setup()
    settings.CHAT_PERSON = {"names": ["Ann"]}


def create(vendor: str) -> bool:
    """Create the database, unless it was kept; return whether it is new."""
    if vendor == "sqlite":
        return not FILE.exists()
    found = server(f"SELECT 1 FROM pg_database WHERE datname = '{NAME}'")  # noqa: S608
    if not found:
        server(f"CREATE DATABASE {NAME}")
    return not found


def drop(vendor: str) -> None:
    from django.db import connection

    connection.close()
    if vendor == "sqlite":
        FILE.unlink()
    else:
        server(f"DROP DATABASE {NAME}")


def server(statement: str) -> Any:
    """Run a statement outside of the benchmark's database and return the first row."""
    import psycopg
    from django.conf import settings

    database = settings.DATABASES["default"]
    with psycopg.connect(
        host=database["HOST"], user=database["USER"], dbname="postgres", autocommit=True
    ) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchone() if cursor.description else None


def fill(vendor: str, messages: int) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        for statement in statements(vendor, messages):
            cursor.execute(statement)
        if vendor == "postgresql":
            cursor.execute("VACUUM ANALYZE")


def pages() -> dict[str, str]:
    """Return the paths of the pages to measure, by the names that are printed."""
    from django.utils import timezone

    from sitechat.models import ApprovedAnswer, Contact, Conversation, Delivery

    talks = Conversation.objects.order_by("-updated")
    middle = talks[talks.count() // 2]
    today = timezone.now()
    conversations = "/admin/sitechat/conversation/"
    approved = "/admin/sitechat/approvedanswer/"
    answer = ApprovedAnswer.objects.all()[0]
    reply = middle.messages.filter(role="assistant")[0]
    month = f"updated__year={today.year}&updated__month={today.month}"
    return {
        "conversations": conversations,
        "conversations, the middle page": (
            f"{conversations}?before={middle.updated.isoformat()}_{middle.pk}".replace("+", "%2B")
        ),
        "conversations of this month": f"{conversations}?{month}",
        "with a thumb down": f"{conversations}?rating=down",
        "with errors": f"{conversations}?state=errors",
        "refused": f"{conversations}?state=refused",
        "running (none is)": f"{conversations}?state=running",
        "unanswered": f"{conversations}?state=unanswered",
        "thumb down, bot, this month": f"{conversations}?rating=down&bot=support&{month}",
        "search, a common word": f"{conversations}?q=answer",
        "search, no such word": f"{conversations}?q=nowhere-to-be-found",
        "search by id": f"{conversations}?q={middle.pk}",
        "transcript": f"{conversations}{middle.pk}/change/",
        "deleting a conversation": f"{conversations}{middle.pk}/delete/",
        "inbox": "/admin/sitechat/handoff/",
        "inbox, as its script asks": "/admin/sitechat/handoff/live/",
        "inbox, done": "/admin/sitechat/handoff/?show=done",
        "answering": f"/admin/sitechat/handoff/{middle.pk}/change/",
        "answering, as its script asks": f"/admin/sitechat/handoff/{middle.pk}/live/?after=8-1",
        "usage by hour": "/admin/sitechat/usage/?by=hour",
        "usage by day": "/admin/sitechat/usage/?by=day",
        "usage by month": "/admin/sitechat/usage/?by=month",
        "usage by day, CSV": "/admin/sitechat/usage/?by=day&format=csv",
        "report of a week": "/admin/sitechat/usage/report/?period=week",
        "report of a month": "/admin/sitechat/usage/report/?period=month",
        "unanswered questions": "/admin/sitechat/unanswered/",
        "unanswered questions, page 2": "/admin/sitechat/unanswered/?page=2",
        "unanswered, bot, reason": "/admin/sitechat/unanswered/?bot=support&reason=unknown",
        "unanswered questions, done": "/admin/sitechat/unanswered/?show=done",
        "contacts": "/admin/sitechat/contact/",
        "contacts, new ones": "/admin/sitechat/contact/?state__exact=new",
        "contact": f"/admin/sitechat/contact/{Contact.objects.all()[0].pk}/change/",
        "deliveries": "/admin/sitechat/delivery/",
        "deliveries, failed": "/admin/sitechat/delivery/?state__exact=failed",
        "delivery": f"/admin/sitechat/delivery/{Delivery.objects.all()[0].pk}/change/",
        "texts": "/admin/sitechat/bottexts/",
        "approved answers": "/admin/sitechat/approvedanswer/",
        "approved answer": f"{approved}{answer.pk}/change/",
        "approved answer, ask it again": f"{approved}{answer.pk}/ask/",
        "write the right answer": f"{approved}add/?reply={reply.pk}",
        "start page of the admin": "/admin/",
    }


def cpu_seconds() -> float:
    """Return the CPU time of this process and of its PostgreSQL process, on Linux."""
    from django.db import connection

    if connection.vendor == "sqlite":
        return process_time()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return process_time() + (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure() -> int:
    """Measure all pages, and return the number of pages that take 200 ms or more."""
    from django.contrib.auth.models import User
    from django.db import connection
    from django.test import Client
    from django.utils import timezone

    from sitechat.models import PeriodCounts
    from sitechat.reports import (
        background_review,
        period_counts,
        unanswered_questions,
        usage_summaries,
    )

    PeriodCounts.objects.all().delete()
    started = perf_counter()
    usage_summaries.summarise_new_hours()
    print(f"first summary of all usage: {perf_counter() - started:.1f} s")
    started = perf_counter()
    unanswered_questions.review_new_replies()
    print(f"first scan of all replies: {perf_counter() - started:.1f} s")
    with connection.cursor() as cursor:  # autovacuum would do it a minute later
        cursor.execute("ANALYZE")
    slow = 0
    client = Client()
    owner, _created = User.objects.get_or_create(
        username="owner", defaults={"is_staff": True, "is_superuser": True}
    )
    client.force_login(owner)
    print(f"{'page':40} {'median ms':>10} {'CPU ms':>8} {'queries':>8}")
    all_pages = pages()
    for name in COUNTING:
        slow += is_slow(client, f"{name}, not counted yet", all_pages[name], before=uncount)
    period_counts.store_last_counts(timezone.now() - timedelta(days=365))
    slow += sum(is_slow(client, name, url) for name, url in all_pages.items())
    for name in REVIEWING:
        slow += is_slow(client, f"{name}, replies to check", all_pages[name], before=unreview)
    background_review.worker().wait(600)
    return slow


def uncount() -> None:
    """Let the page start the thread that counts its periods."""
    from sitechat.models import PeriodCounts
    from sitechat.reports import missing_counts

    missing_counts.worker().work.wait(600)
    PeriodCounts.objects.all().delete()


def unreview() -> None:
    """Let the page start the review of a day's replies, about 5,500."""
    from django.utils import timezone

    from sitechat.models import Job
    from sitechat.reports import unanswered_questions

    Job.record(unanswered_questions.JOB, timezone.now() - timedelta(days=1))


def is_slow(
    client: Client, name: str, url: str, before: Callable[[], object] = lambda: None
) -> bool:
    """Measure a page, print a row, and return whether the page takes 200 ms or more."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.get(url)
    times = []
    cpu = cpu_seconds()
    for _ in range(REQUESTS):
        before()
        began = perf_counter()
        response = client.get(url)
        times.append((perf_counter() - began) * 1000)
        assert response.status_code == 200, (name, response.status_code)
    cpu = (cpu_seconds() - cpu) * 1000 / REQUESTS
    with CaptureQueriesContext(connection) as queries:
        client.get(url)
    row = f"{statistics.median(times):10.1f} {cpu:8.1f} {len(queries):8}"
    print(f"{name:40} {row}", flush=True)
    return statistics.median(times) >= 200


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--database", choices=DIALECTS, default="postgresql")
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--keep", action="store_true", help="keep the database for another run")
    options = parser.parse_args()
    configure(options.database)
    from django.core.management import call_command

    is_new = create(options.database)
    call_command("migrate", verbosity=0)
    if is_new:
        started = perf_counter()
        fill(options.database, options.messages)
        print(f"{options.messages:,} messages written in {perf_counter() - started:.0f} s")
    try:
        return 1 if measure() else 0
    finally:
        if not options.keep:
            drop(options.database)


if __name__ == "__main__":
    sys.exit(main())
