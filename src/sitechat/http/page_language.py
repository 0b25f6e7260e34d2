"""The language of the visitor's page. The chat responds in this language."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest
from django.utils import translation

PARAMETER = "lang"
"""The parameter of the query string that names the page's language."""


@contextmanager
def page_language(request: HttpRequest) -> Iterator[str | None]:
    """Activate the language that `?lang=` names, for our texts and for the bot's own code.

    Django may have chosen another language than that of the page, because the chat's URL may be
    outside `i18n_patterns`. A language that the site does not support is ignored, and Django's
    choice remains active.

    Yields:
        The activated language, or None if the request names none of the site's languages.
    """
    language = _requested(request)
    if language is None:
        yield None
        return
    request.LANGUAGE_CODE = language  # as LocaleMiddleware sets it
    with translation.override(language):
        yield language


def _requested(request: HttpRequest) -> str | None:
    """Return the language that the request names; None if the site does not support it."""
    try:
        name = request.GET.get(PARAMETER, "")
    except SuspiciousOperation:  # an invalid query string, which the handler reports
        return None
    # Django's own language codes are in lower case. The codes of a site may not be.
    for candidate in (name.lower(), name):
        with suppress(LookupError, ValueError):
            return translation.get_supported_language_variant(candidate)
    return None
