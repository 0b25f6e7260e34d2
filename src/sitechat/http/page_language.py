"""The language of the visitor's page, which the chat's calls answer in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest
from django.utils import translation

PARAMETER = "lang"


@contextmanager
def page_language(request: HttpRequest) -> Iterator[str | None]:
    """Activate the language that `?lang=` names, for the request and for the bot's own code.

    The chat's address can be outside `i18n_patterns`, so that without it the browser's language
    would be used on a page of another one. A language that the site does not have is ignored:
    the call then goes on in the language that Django has found for the request.

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
    try:
        name = request.GET.get(PARAMETER, "")
    except SuspiciousOperation:  # a query string that Django refuses: the call answers that
        return None
    # Django's own names of languages are in lower case, those of a site need not be.
    for candidate in (name.lower(), name):
        with suppress(LookupError, ValueError):
            return translation.get_supported_language_variant(candidate)
    return None
