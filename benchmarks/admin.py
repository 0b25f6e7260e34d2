"""Benchmark of the admin pages with a million messages on PostgreSQL.

    python benchmarks/admin.py [--messages 1000000] [--keep]

It creates the database `sitechat_benchmark_admin` on 127.0.0.1 (PGHOST, PGUSER), fills it with
conversations of the last 90 days, with a contact for every tenth of them and a delivery for every
reply, updates the summaries as `chat_cleanup` does, and requests each page ten times with Django's
test client: with middleware, queries and templates, but without network. It prints for each page
the median time and the mean CPU time, PostgreSQL's included, in ms, and the number of queries.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from time import perf_counter, process_time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.test import Client

ROOT = Path(__file__).resolve().parent.parent
NAME = "sitechat_benchmark_admin"
ANSWERS = 10
REVIEWING = ("report of a week", "report of a month", "unanswered questions")
"""Pages that let a thread check new replies. They are measured with and without such replies."""
TURNS = 4
"""Number of questions in a conversation."""

FILL = """
INSERT INTO sitechat_conversation (id, bot, visitor, user_id, created, updated)
SELECT gen_random_uuid(), CASE WHEN n %% 5 = 0 THEN 'support' ELSE 'default' END, '', NULL,
       now() - n * interval '90 days' / %(conversations)s,
       now() - n * interval '90 days' / %(conversations)s + interval '3 minutes'
FROM generate_series(1, %(conversations)s) n;

INSERT INTO sitechat_message (id, conversation_id, position, role, status, text, sources,
    citations, error, suggestions, replaced, rating, comment, client_id, created, updated)
SELECT gen_random_uuid(), c.id, p, CASE WHEN p %% 2 = 0 THEN 'user' ELSE 'assistant' END,
       CASE WHEN p %% 2 = 0 OR random() > 0.03 THEN 'complete'
            WHEN random() > 0.5 THEN 'failed' ELSE 'refused' END,
       CASE WHEN p %% 2 = 0 THEN 'What does ' || md5(c.id::text || p) || ' cost, please?'
            WHEN random() < 0.02 THEN 'I do not know: the site does not tell. ' || md5(c.id::text)
            ELSE repeat('The answer is on the page about ' || md5(c.id::text) || '. ', 6) END,
       '[{"n": 1, "title": "A page", "url": "/page/"}]', '[{"at": 20, "n": 1}]', NULL, '[]', false,
       CASE WHEN p %% 2 = 1 AND random() < 0.05 THEN 1
            WHEN p %% 2 = 1 AND random() < 0.01 THEN -1 ELSE 0 END,
       '', NULL, c.created + p * interval '20 seconds', c.created + p * interval '20 seconds'
FROM sitechat_conversation c, generate_series(0, %(last)s) p;

INSERT INTO sitechat_usage (conversation_id, reply_id, bot, model, input_tokens, output_tokens,
    cache_read_tokens, cache_write_tokens, dollars, estimated, first_token_ms, total_ms, status,
    stop_reason, request_id, created)
SELECT m.conversation_id, m.id, c.bot,
       CASE WHEN c.bot = 'support' THEN 'claude-haiku-5-5' ELSE 'claude-opus-4-7' END,
       800 + (random() * 900)::int, 40 + (random() * 200)::int, (random() * 2000)::int, 0,
       random() * 0.02, false, 300 + (random() * 1500)::int, 1500 + (random() * 6000)::int,
       m.status, 'end_turn', '', m.created
FROM sitechat_message m JOIN sitechat_conversation c ON c.id = m.conversation_id
WHERE m.role = 'assistant';

INSERT INTO sitechat_handoff (conversation_id, bot, state, requested, name, page_url, page_title,
    language, version)
SELECT id, bot,
       CASE WHEN updated > now() - interval '3 hours' THEN 'waiting'
            WHEN random() < 0.5 THEN 'closed' ELSE 'none' END,
       updated, '', '/page/', 'A page', 'en', 1
FROM sitechat_conversation;

INSERT INTO sitechat_handoffentry (handoff_id, kind, author_name, text, created)
SELECT conversation_id, 'requested', '', '', requested FROM sitechat_handoff;

INSERT INTO sitechat_contact (id, email, name, phone, message, consent, state, bot, language, page,
    conversation_id, created)
SELECT gen_random_uuid(), 'visitor-' || md5(id::text) || '@example.org', 'A visitor', '',
       'Please call me about ' || md5(id::text), 'You may write to me.',
       CASE WHEN random() < 0.9 THEN 'done' ELSE 'new' END, bot, 'en', '/page/', id, updated
FROM sitechat_conversation WHERE random() < 0.1;

INSERT INTO sitechat_delivery (id, kind, event, target, content, state, due, attempts, error,
    conversation_id, created, sent)
SELECT gen_random_uuid(), 'webhook', 'reply_finished', 'https://example.org/hook/', '{}',
       CASE WHEN random() < 0.001 THEN 'failed' ELSE 'sent' END, created, 1, '',
       conversation_id, created, created
FROM sitechat_usage;

INSERT INTO sitechat_approvedanswer (title, questions, answer, url, bots, language, audience,
    active, created, updated, embedder)
SELECT 'Answer ' || n, 'What does ' || md5(n::text) || ' cost?', repeat('It is free. ', 20), '',
       '[]', '', 'public', true, now(), now() - n * interval '1 hour', ''
FROM generate_series(1, 500) n;

INSERT INTO sitechat_bottexts (bot, enabled, greeting, suggestions, instructions, offers_contact,
    offers_person, created)
SELECT 'default', true, 'Hello ' || n, '["What do you sell?"]', 'Be brief.', true, true,
       now() - n * interval '1 day'
FROM generate_series(200, 1, -1) n;
"""


def configure() -> None:
    sys.path[:0] = [str(ROOT / "src"), str(ROOT)]
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    os.environ["SITECHAT_TEST_DB"] = "postgresql"
    os.environ["SITECHAT_TEST_DB_NAME"] = NAME
    import django
    from django.conf import settings

    django.setup()
    settings.CHAT_PERSON = {"names": ["Ann"]}


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


def fill(messages: int) -> None:
    from django.db import connection

    values = {"conversations": messages // (2 * TURNS), "last": 2 * TURNS - 1}
    with connection.cursor() as cursor:
        for statement in FILL.split(";\n\n"):
            cursor.execute(statement, values)
        cursor.execute("VACUUM ANALYZE")


def pages() -> dict[str, str]:
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

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return process_time() + (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure() -> int:
    from django.contrib.auth.models import User
    from django.db import connection
    from django.test import Client

    from sitechat.reports import review, reviewing, summaries

    started = perf_counter()
    summaries.summarise_new_hours()
    print(f"first summary of all usage: {perf_counter() - started:.1f} s")
    started = perf_counter()
    review.review_new_replies()
    print(f"first scan of all replies: {perf_counter() - started:.1f} s")
    with connection.cursor() as cursor:  # autovacuum would do it a minute later
        cursor.execute("ANALYZE")
    client = Client()
    owner, _created = User.objects.get_or_create(
        username="owner", defaults={"is_staff": True, "is_superuser": True}
    )
    client.force_login(owner)
    print(f"{'page':40} {'median ms':>10} {'CPU ms':>8} {'queries':>8}")
    all_pages = pages()
    slow = sum(is_slow(client, name, url) for name, url in all_pages.items())
    for name in REVIEWING:
        slow += is_slow(client, f"{name}, replies to check", all_pages[name], before=unreview)
    reviewing.worker().wait(600)
    return slow


def unreview() -> None:
    """Let the page start the review of a day's replies, about 5,500."""
    from django.utils import timezone

    from sitechat.models import Job
    from sitechat.reports import review

    Job.record(review.JOB, timezone.now() - timedelta(days=1))


def is_slow(
    client: Client, name: str, url: str, before: Callable[[], object] = lambda: None
) -> bool:
    """Measure a page, print a row, and return whether the page takes 200 ms or more."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.get(url)
    times = []
    cpu = cpu_seconds()
    for _ in range(ANSWERS):
        before()
        began = perf_counter()
        response = client.get(url)
        times.append((perf_counter() - began) * 1000)
        assert response.status_code == 200, (name, response.status_code)
    cpu = (cpu_seconds() - cpu) * 1000 / ANSWERS
    with CaptureQueriesContext(connection) as queries:
        client.get(url)
    row = f"{statistics.median(times):10.1f} {cpu:8.1f} {len(queries):8}"
    print(f"{name:40} {row}", flush=True)
    return statistics.median(times) >= 200


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--keep", action="store_true", help="keep the database for another run")
    options = parser.parse_args()
    configure()
    from django.core.management import call_command
    from django.db import connection

    found = server(f"SELECT 1 FROM pg_database WHERE datname = '{NAME}'")  # noqa: S608
    if not found:
        server(f"CREATE DATABASE {NAME}")
    call_command("migrate", verbosity=0)
    if not found:
        started = perf_counter()
        fill(options.messages)
        print(f"{options.messages:,} messages written in {perf_counter() - started:.0f} s")
    try:
        return 1 if measure() else 0
    finally:
        if not options.keep:
            connection.close()
            server(f"DROP DATABASE {NAME}")


if __name__ == "__main__":
    sys.exit(main())
