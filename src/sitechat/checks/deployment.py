"""The list of the additional checks of `check --deploy`. Each has a row in `docs/checks.md`."""

from __future__ import annotations

from sitechat.checks import concurrency, model_costs, serving, upkeep

DEPLOYMENT_CHECKS = (
    serving.check_debug,
    serving.check_gunicorn,
    serving.check_session_engine,
    concurrency.check_chat_middleware,
    concurrency.check_sqlite,
    model_costs.check_model_costs,
    model_costs.check_prompts,
    upkeep.check_tables,
    upkeep.check_cleanup,
    upkeep.check_edited_texts,
)
