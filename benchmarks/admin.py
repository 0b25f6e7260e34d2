"""How fast the owner's pages are with a million messages on PostgreSQL.

    python benchmarks/admin.py [--messages 1000000] [--keep]

Makes the database `sitechat_benchmark_admin` on 127.0.0.1 (PGHOST, PGUSER), fills it with
conversations of the last 90 days, brings the summaries up to date as `chat_cleanup` does, and
asks for each page with Django's test client: middleware, queries and templates, without a
network. Prints of ten answers the median time, the mean CPU time of this process and of the
server's (which does not depend on what else the machine is doing), in milliseconds, and how many
queries there are.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
NAME = "sitechat_benchmark_admin"
ANSWERS = 10
TURNS = 4
"""Questions in one conversation."""

FILL = """
INSERT INTO sitechat_conversation (id, bot, user_id, created, updated)
SELECT gen_random_uuid(), CASE WHEN n %% 5 = 0 THEN 'support' ELSE 'default' END, NULL,
       now() - n * interval '90 days' / %(conversations)s,
       now() - n * interval '90 days' / %(conversations)s + interval '3 minutes'
FROM generate_series(1, %(conversations)s) n;

INSERT INTO sitechat_message (id, conversation_id, position, role, status, text, sources,
    citations, error, rating, comment, client_id, created, updated)
SELECT gen_random_uuid(), c.id, p, CASE WHEN p %% 2 = 0 THEN 'user' ELSE 'assistant' END,
       CASE WHEN p %% 2 = 0 OR random() > 0.03 THEN 'complete'
            WHEN random() > 0.5 THEN 'failed' ELSE 'refused' END,
       CASE WHEN p %% 2 = 0 THEN 'What does ' || md5(c.id::text || p) || ' cost, please?'
            WHEN random() < 0.02 THEN 'I do not know: the site does not tell. ' || md5(c.id::text)
            ELSE repeat('The answer is on the page about ' || md5(c.id::text) || '. ', 6) END,
       '[{"n": 1, "title": "A page", "url": "/page/"}]', '[{"at": 20, "n": 1}]', NULL,
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
"""


def configure() -> None:
    sys.path[:0] = [str(ROOT / "src"), str(ROOT)]
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    os.environ["SITECHAT_TEST_DB"] = "postgresql"
    os.environ["SITECHAT_TEST_DB_NAME"] = NAME
    import django

    django.setup()


def server(statement: str) -> Any:
    """Run a statement on the server, outside of the benchmark's database; its first row."""
    import psycopg
    from django.conf import settings

    database = settings.DATABASES["default"]
    with psycopg.connect(
        host=database["HOST"], user=database["USER"], dbname="postgres", autocommit=True
    ) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchone() if cursor.description else None


def fill(messages: int) -> None:
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    values = {"conversations": messages // (2 * TURNS), "last": 2 * TURNS - 1}
    with connection.cursor() as cursor:
        for statement in FILL.split(";\n\n"):
            cursor.execute(statement, values)
        cursor.execute("VACUUM ANALYZE")


def pages() -> dict[str, str]:
    from django.utils import timezone

    from sitechat.models import Conversation

    talks = Conversation.objects.order_by("-updated")
    middle = talks[talks.count() // 2]
    today = timezone.now()
    conversations = "/admin/sitechat/conversation/"
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
        "usage by hour": "/admin/sitechat/usage/?by=hour",
        "usage by day": "/admin/sitechat/usage/?by=day",
        "usage by month": "/admin/sitechat/usage/?by=month",
        "usage by day, CSV": "/admin/sitechat/usage/?by=day&format=csv",
        "unanswered questions": "/admin/sitechat/unanswered/",
        "unanswered questions, done": "/admin/sitechat/unanswered/?show=done",
    }


def cpu_seconds() -> float:
    """CPU time of this process and of the PostgreSQL process that serves it, on Linux."""
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
    from django.test.utils import CaptureQueriesContext

    from sitechat.owner import review, summaries

    began = perf_counter()
    summaries.catch_up()
    print(f"first summing up of all usage: {perf_counter() - began:.1f} s")
    began = perf_counter()
    review.catch_up()
    print(f"first look through all replies: {perf_counter() - began:.1f} s")
    with connection.cursor() as cursor:  # autovacuum does it a minute later
        cursor.execute("ANALYZE")
    client = Client()
    owner, _created = User.objects.get_or_create(
        username="owner", defaults={"is_staff": True, "is_superuser": True}
    )
    client.force_login(owner)
    print(f"{'page':32} {'median ms':>10} {'CPU ms':>8} {'queries':>8}")
    slow = 0
    for name, url in pages().items():
        client.get(url)
        times = []
        cpu = cpu_seconds()
        for _ in range(ANSWERS):
            began = perf_counter()
            response = client.get(url)
            times.append((perf_counter() - began) * 1000)
            assert response.status_code == 200, (name, response.status_code)
        cpu = (cpu_seconds() - cpu) * 1000 / ANSWERS
        with CaptureQueriesContext(connection) as queries:
            client.get(url)
        slow += statistics.median(times) >= 200
        row = f"{statistics.median(times):10.1f} {cpu:8.1f} {len(queries):8}"
        print(f"{name:32} {row}", flush=True)
    return slow


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--keep", action="store_true", help="keep the database for another run")
    options = parser.parse_args()
    configure()
    from django.db import connection

    found = server(f"SELECT 1 FROM pg_database WHERE datname = '{NAME}'")  # noqa: S608
    if not found:
        server(f"CREATE DATABASE {NAME}")
        began = perf_counter()
        fill(options.messages)
        print(f"{options.messages:,} messages written in {perf_counter() - began:.0f} s")
    try:
        return 1 if measure() else 0
    finally:
        if not options.keep:
            connection.close()
            server(f"DROP DATABASE {NAME}")


if __name__ == "__main__":
    sys.exit(main())
