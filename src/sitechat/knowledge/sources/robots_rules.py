"""The rules of the site's robots.txt, which `public_pages` obeys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sitechat.knowledge.reading import Unreadable
from sitechat.knowledge.sources.rendering import AGENT, LocalSite
from sitechat.knowledge.sources.site_hosts import Location

if TYPE_CHECKING:
    from protego import Protego


def read_robots(site: LocalSite) -> Protego:
    """Return the rules of a site. A site without robots.txt allows everything.

    Raises:
        Unreadable: The rules can't be read, so they are unknown.
    """
    from protego import Protego

    path = f"{site.prefix}robots.txt"
    try:
        response = site.get(Location(site.home.host, path), follow=True)
        if response.status >= 500:
            raise Unreadable(f"answers {response.status}")
    except Unreadable as error:
        raise Unreadable(f"{path}: {error}") from error
    return Protego.parse(response.body.decode("utf-8", "replace"))


def robots_allow(robots: Protego, site: LocalSite, location: Location) -> bool:
    """Return whether the rules allow a page's path both with and without the `SCRIPT_NAME`."""
    return all(robots.can_fetch(path, AGENT) for path in {location.path, site.inner(location)})
