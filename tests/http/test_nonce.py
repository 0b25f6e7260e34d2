"""Tests of the CSP nonce, with the real objects of Django and django-csp."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import django
import pytest
from csp.constants import NONCE
from csp.middleware import CSPMiddleware
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.test import RequestFactory
from pytest_django import Settings

from tests.http.test_widget_element import Elements

PAGE = "{% load sitechat %}{% chat_widget %}"


def page(request: HttpRequest) -> HttpResponse:
    return HttpResponse(engines["django"].from_string(PAGE).render({}, request))


def nonce_in(html: str) -> str | None:
    return Elements(html).found["script"].get("nonce")


def served(middleware: Callable[[Any], Any], view: Any = page) -> tuple[str | None, str]:
    """Return the script's nonce and the response's policy."""
    response = middleware(view)(RequestFactory().get("/"))
    return nonce_in(response.content.decode()), response["Content-Security-Policy"]


@pytest.mark.skipif(django.VERSION < (6,), reason="Django has a policy since 6.0")
@pytest.mark.parametrize("context_processor", [True, False])
def test_the_script_has_the_nonce_of_django(context_processor: bool, settings: Settings) -> None:
    from django.middleware.csp import ContentSecurityPolicyMiddleware
    from django.utils.csp import CSP

    settings.SECURE_CSP = {"script-src": [CSP.NONCE, CSP.STRICT_DYNAMIC]}
    if context_processor:
        [templates] = settings.TEMPLATES
        processors = templates["OPTIONS"]["context_processors"]
        options = {"context_processors": [*processors, "django.template.context_processors.csp"]}
        settings.TEMPLATES = [{**templates, "OPTIONS": options}]
    nonce, policy = served(ContentSecurityPolicyMiddleware)
    assert nonce
    assert f"'nonce-{nonce}'" in policy


def test_the_script_has_the_nonce_of_django_csp(settings: Settings) -> None:
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": {"script-src": [NONCE, "'strict-dynamic'"]}}
    nonce, policy = served(CSPMiddleware)
    assert nonce
    assert f"'nonce-{nonce}'" in policy


def test_a_page_that_is_rendered_after_the_policy_was_sent_has_no_nonce(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.CONTENT_SECURITY_POLICY = {"DIRECTIVES": {"script-src": [NONCE]}}
    request = RequestFactory().get("/")
    CSPMiddleware(lambda request: HttpResponse())(request)
    assert nonce_in(page(request).content.decode()) is None
    assert "nonce can't be read" in caplog.text


def test_plain_nonces_and_none() -> None:
    html = engines["django"].from_string(PAGE)
    assert nonce_in(html.render({"csp_nonce": "abc"})) == "abc"
    assert nonce_in(html.render({"CSP_NONCE": "abc"})) == "abc"
    assert nonce_in(html.render({"csp_nonce": ""})) is None
    assert nonce_in(html.render({"csp_nonce": None})) is None
    assert nonce_in(html.render({})) is None
    request = RequestFactory().get("/")
    request.csp_nonce = "abc"  # type: ignore[attr-defined]
    assert nonce_in(html.render({}, request)) == "abc"
