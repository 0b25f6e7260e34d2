"""The rows of the benchmark of the admin pages, as SQL for PostgreSQL and SQLite."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

TURNS = 4
"""Number of questions in a conversation."""

VISITORS = 60_000
"""Maximum number of visitors, each with about two conversations."""


@dataclass(frozen=True)
class Dialect:
    """SQL that differs between databases. Expressions replace `{0}` and `{1}`."""

    uuid: str
    random: str
    """A number from 0 to 1."""
    ago: str
    """The time that is {0} days ago."""
    after: str
    """The time that is {1} seconds after {0}."""


DIALECTS: Mapping[str, Dialect] = {
    "postgresql": Dialect(
        uuid="gen_random_uuid()",
        random="random()",
        ago="(now() - ({0}) * interval '1 day')",
        after="({0} + ({1}) * interval '1 second')",
    ),
    "sqlite": Dialect(
        uuid="lower(hex(randomblob(16)))",
        random="(abs(random() % 1000000) / 1000000.0)",
        ago="strftime('%Y-%m-%d %H:%M:%f', julianday('now') - ({0}))",
        after="strftime('%Y-%m-%d %H:%M:%f', {0}, ({1}) || ' seconds')",
    ),
}

ROWS = """
INSERT INTO sitechat_conversation (id, bot, visitor, user_id, created, updated)
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :conversations)
SELECT :uuid, CASE WHEN n % 5 = 0 THEN 'support' ELSE 'default' END,
       md5(cast(n * 7919 % :visitors AS text)), NULL,
       :ago(n * 90.0 / :conversations), :ago(n * 90.0 / :conversations - 3 / 1440.0)
FROM numbers;

INSERT INTO sitechat_message (id, conversation_id, position, role, status, text, sources,
    citations, error, suggestions, replaced, rating, comment, client_id, created, updated)
WITH RECURSIVE numbers(p) AS (SELECT 0 UNION ALL SELECT p + 1 FROM numbers WHERE p < :last)
SELECT :uuid, c.id, p, CASE WHEN p % 2 = 0 THEN 'user' ELSE 'assistant' END,
       CASE WHEN p % 2 = 0 OR :random > 0.03 THEN 'complete'
            WHEN :random > 0.5 THEN 'failed' ELSE 'refused' END,
       CASE WHEN p % 2 = 0
            THEN 'What does ' || md5(cast(c.id AS text) || cast(p AS text)) || ' cost, please?'
            WHEN :random < 0.02
            THEN 'I do not know: the site does not tell. ' || md5(cast(c.id AS text))
            ELSE repeat('The answer is on the page about ' || md5(cast(c.id AS text)) || '. ', 6)
       END,
       '[{"n": 1, "title": "A page", "url": "/page/"}]', '[{"at": 20, "n": 1}]', NULL, '[]', false,
       CASE WHEN p % 2 = 1 AND :random < 0.05 THEN 1
            WHEN p % 2 = 1 AND :random < 0.01 THEN -1 ELSE 0 END,
       '', NULL, :after(c.created, p * 20), :after(c.created, p * 20)
FROM sitechat_conversation c, numbers;

INSERT INTO sitechat_usage (conversation_id, reply_id, bot, model, input_tokens, output_tokens,
    cache_read_tokens, cache_write_tokens, dollars, estimated, first_token_ms, total_ms, status,
    stop_reason, request_id, created)
SELECT m.conversation_id, m.id, c.bot,
       CASE WHEN c.bot = 'support' THEN 'claude-haiku-5-5' ELSE 'claude-opus-4-7' END,
       800 + cast(:random * 900 AS integer), 40 + cast(:random * 200 AS integer),
       cast(:random * 2000 AS integer), 0, :random * 0.02, false,
       300 + cast(:random * 1500 AS integer), 1500 + cast(:random * 6000 AS integer),
       m.status, 'end_turn', '', m.created
FROM sitechat_message m JOIN sitechat_conversation c ON c.id = m.conversation_id
WHERE m.role = 'assistant';

INSERT INTO sitechat_handoff (conversation_id, bot, state, requested, name, page_url, page_title,
    language, version)
SELECT id, bot,
       CASE WHEN updated > :ago(0.125) THEN 'waiting'
            WHEN :random < 0.5 THEN 'closed' ELSE 'none' END,
       updated, '', '/page/', 'A page', 'en', 1
FROM sitechat_conversation;

INSERT INTO sitechat_handoffentry (handoff_id, kind, author_name, text, created)
SELECT conversation_id, CASE WHEN :random < 0.05 THEN 'joined' ELSE 'requested' END, '', '',
       requested
FROM sitechat_handoff;

INSERT INTO sitechat_contact (id, email, name, phone, message, consent, state, bot, language, page,
    conversation_id, created)
SELECT :uuid, 'visitor-' || md5(cast(id AS text)) || '@example.org', 'A visitor', '',
       'Please call me about ' || md5(cast(id AS text)), 'You may write to me.',
       CASE WHEN :random < 0.9 THEN 'done' ELSE 'new' END, bot, 'en', '/page/', id, updated
FROM sitechat_conversation WHERE :random < 0.1;

INSERT INTO sitechat_delivery (id, kind, event, target, content, state, due, attempts, error,
    conversation_id, created, sent)
SELECT :uuid, 'webhook', 'reply_finished', 'https://example.org/hook/', '{}',
       CASE WHEN :random < 0.001 THEN 'failed' ELSE 'sent' END, created, 1, '',
       conversation_id, created, created
FROM sitechat_usage;

INSERT INTO sitechat_approvedanswer (title, questions, answer, url, bots, language, audience,
    active, created, updated, embedder)
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 500)
SELECT 'Answer ' || n, 'What does ' || md5(cast(n AS text)) || ' cost?',
       repeat('It is free. ', 20), '', '[]', '', 'public', true, :ago(0), :ago(n / 24.0), ''
FROM numbers;

INSERT INTO sitechat_bottexts (bot, enabled, greeting, suggestions, instructions, offers_contact,
    offers_person, created)
WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 200)
SELECT 'default', true, 'Hello ' || n, '["What do you sell?"]', 'Be brief.', true, true,
       :ago(200 - n)
FROM numbers
"""


def statements(vendor: str, messages: int) -> list[str]:
    """Return the statements that fill the database of a benchmark.

    Args:
        vendor: `postgresql` or `sqlite`.
        messages: The number of messages.
    """
    dialect = DIALECTS[vendor]
    sql = ROWS.replace(":conversations", str(messages // (2 * TURNS)))
    sql = sql.replace(":last", str(2 * TURNS - 1)).replace(":visitors", str(VISITORS))
    sql = sql.replace(":uuid", dialect.uuid).replace(":random", dialect.random)
    sql = re.sub(r":after\((.+?), (.+?)\)", lambda m: dialect.after.format(*m.groups()), sql)
    sql = re.sub(r":ago\((.+?)\)", lambda m: dialect.ago.format(*m.groups()), sql)
    return sql.split(";\n\n")
