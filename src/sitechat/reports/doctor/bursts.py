"""Check that other pages stay fast while many visitors write to the chat."""

from __future__ import annotations

from collections.abc import Iterator

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from sitechat.reports.doctor.finding import Finding
from sitechat.runtime.servers import CHAT_MIDDLEWARE

POINT = gettext_lazy("ChatMiddleware is first in MIDDLEWARE")


def examine() -> Iterator[Finding]:
    """Check MIDDLEWARE in the settings of this machine.

    The settings do not show whether the site is served as ASGI. Therefore nothing is an error.
    """
    if list(settings.MIDDLEWARE)[:1] == [CHAT_MIDDLEWARE]:
        yield Finding(
            str(POINT), True, _("the site's other pages stay fast while many write at once")
        )
    else:
        yield Finding(
            str(POINT),
            None,
            _("it is not first in the settings of this machine"),
            _('If the site is served as ASGI, put "%(middleware)s" first in MIDDLEWARE.')
            % {"middleware": CHAT_MIDDLEWARE},
        )
