"""The list of all checks. Add new checks here, and a row for each in `docs/checks.md`."""

from __future__ import annotations

from sitechat.checks import (
    bot_tools,
    bots,
    concurrency,
    configuration,
    contacts,
    costs,
    keys,
    limits,
    origins,
    person_setting,
    repository,
    serving,
    upkeep,
    webhooks,
    widget_on_pages,
)
from sitechat.checks.knowledge import check_embedder, check_fts5

CHECKS = (
    *configuration.CHECKS,
    *limits.CHECKS,
    *bots.CHECKS,
    *bot_tools.CHECKS,
    *keys.CHECKS,
    *contacts.CHECKS,
    *webhooks.CHECKS,
    *widget_on_pages.CHECKS,
    check_fts5,
    check_embedder,
    repository.check_committed_key,
    costs.check_efforts,
    serving.check_middleware,
    origins.check_origins,
    person_setting.check_person,
)

DEPLOYMENT_CHECKS = (
    serving.check_debug,
    serving.check_gunicorn,
    serving.check_session_engine,
    concurrency.check_chat_middleware,
    concurrency.check_sqlite,
    costs.check_model_costs,
    costs.check_prompts,
    upkeep.check_tables,
    upkeep.check_cleanup,
    upkeep.check_edited_texts,
)
