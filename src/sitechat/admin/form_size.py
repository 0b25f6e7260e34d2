"""The response to forms of the admin that are longer than DATA_UPLOAD_MAX_MEMORY_SIZE.

Django's CSRF middleware reads a form before the view runs. For a longer form, it returns a page
that says only "Bad Request". Therefore the views are exempt from the middleware, and check
the token themselves after they have read the form. `base.ChatAdminPages` does this for all pages of
the chat in the admin.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.csrf import csrf_protect

MAX_DISCARDED = 50_000_000
"""Maximum bytes of a form that are read and discarded."""

CHUNK = 65_536
"""Number of bytes that are read at once."""

View = Callable[..., HttpResponseBase]


def with_size_check(view: View, too_long: Callable[[HttpRequest], HttpResponseBase]) -> View:
    """Return the view of an admin page, with a response to forms that are too long.

    Args:
        view: The view. The result checks the CSRF token, as Django's middleware does.
        too_long: Returns the response to a form that is too long, or raises an error.
    """
    protected = csrf_protect(view)

    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            request.POST  # noqa: B018 - Django reads the form here
        except RequestDataTooBig:
            response = too_long(request)
            _discard_body(request)
            return response
        return protected(request, *args, **kwargs)

    setattr(checked, "csrf_exempt", True)  # noqa: B010 - mypy knows no attributes of functions
    return checked


def _discard_body(request: HttpRequest) -> None:
    """Read the rest of the form, at most MAX_DISCARDED bytes.

    Otherwise servers close the connection, and browsers may show an error of the connection
    instead of the response.
    """
    left = MAX_DISCARDED
    with suppress(OSError):
        while left > 0 and (piece := request.read(CHUNK)):
            left -= len(piece)
