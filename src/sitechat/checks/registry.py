"""The list of the checks that `manage.py check` runs. Each has a row in `docs/checks.md`.

Most commands run them at their start, so these modules must not import slow modules.
"""

from __future__ import annotations

from sitechat.checks import (
    bot_tools,
    bots,
    contacts,
    keys,
    limits,
    origins,
    person_setting,
    repository,
    serving,
    setting_checks,
    webhooks,
    widget_on_pages,
)
from sitechat.checks.knowledge import check_embedder, check_fts5

CHECKS = (
    *setting_checks.CHECKS,
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
    serving.check_middleware,
    origins.check_origins,
    person_setting.check_person,
)
