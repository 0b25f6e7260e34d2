"""System checks: what is wrong with the set-up is said at start, not to a visitor.

Each has an id and a hint; `docs/checks.md` tells what to do about each. Those of `run` are quick
and speak at every start; those of `run_for_deployment` speak with `check --deploy`.
"""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, register

from sitechat.checks import configuration, repository, serving, spending, upkeep
from sitechat.knowledge.checks import check_embedder, check_fts5

CHECKS = (
    *configuration.CHECKS,
    check_fts5,
    check_embedder,
    repository.check_key,
    serving.check_middleware,
)

DEPLOYMENT_CHECKS = (
    serving.check_debug,
    serving.check_gunicorn,
    serving.check_session_engine,
    spending.check_models,
    spending.check_prompts,
    upkeep.check_cleanup,
)


def run(app_configs: object = None, **kwargs: Any) -> list[CheckMessage]:
    """All the checks of `manage.py check`."""
    return [message for check in CHECKS for message in check()]


def run_for_deployment(app_configs: object = None, **kwargs: Any) -> list[CheckMessage]:
    """What `manage.py check --deploy` says beside those."""
    return [message for check in DEPLOYMENT_CHECKS for message in check()]


def register_checks() -> None:
    register(run, "sitechat")
    register(run_for_deployment, "sitechat", deploy=True)
