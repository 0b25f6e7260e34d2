"""Do the site's other pages stay fast while many visitors write at once?"""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings

from sitechat.reports.doctor.finding import Finding
from sitechat.runtime.servers import CHAT_MIDDLEWARE

POINT = "ChatMiddleware is first in MIDDLEWARE"


def examine() -> Iterator[Finding]:
    """Look at this machine's settings; whether they serve the site as ASGI can't be seen here."""
    if list(settings.MIDDLEWARE)[:1] == [CHAT_MIDDLEWARE]:
        yield Finding(POINT, True, "the site's other pages stay fast while many write at once")
    else:
        yield Finding(
            POINT,
            None,
            "it is not, in the settings of this machine",
            f'If the site is served as ASGI, put "{CHAT_MIDDLEWARE}" first in MIDDLEWARE.',
        )
