"""The doctor: examine a deployed chat from the outside, as a visitor's browser sees it.

`page` and `endpoints` send requests to the running site. `claude_models` asks Claude's API, and
`bursts` checks MIDDLEWARE, both with the settings of this machine. `chat_doctor` prints the
findings. This package imports `reports.asking_bots`, `conversations` and the layers below them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from sitechat.reports.doctor import bursts, claude_models, endpoints, page
from sitechat.reports.doctor.chat_calls import Calls
from sitechat.reports.doctor.deployed_site import DeployedSite
from sitechat.reports.doctor.finding import Finding

__all__ = ["DeployedSite", "Finding", "examine"]


def examine(site: DeployedSite, *, bot: str = "", streams: int = 0) -> Iterator[Finding]:
    """Examine a site, and yield each finding as soon as it is known.

    Args:
        site: The site at the address of a page, or of the chat's calls.
        bot: The bot to ask; by default the bot of the page.
        streams: The number of questions to ask at the same time after the first one.
    """
    found = yield from page.examine(site)
    if found is not None and bot:
        found = replace(found, bot=bot)
    yield from claude_models.examine(found.bot if found is not None else bot)
    yield from bursts.examine()
    if found is not None:
        yield from endpoints.examine(Calls(site, found), streams)
