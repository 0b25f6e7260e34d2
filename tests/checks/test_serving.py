"""Tests that middleware which buffers responses is reported."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from pytest_django import Settings

from sitechat.checks import serving


class Joins:
    """Third-party middleware, recognized by its name."""

    def __init__(self, get_response: Any) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        return HttpResponse(b"".join(response.streaming_content))


def minify(get_response: Any) -> Any:
    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        if response.streaming:
            response.streaming_content = list(response.streaming_content)
        return response  # type: ignore[no-any-return]

    return middleware


def compress(get_response: Any) -> Any:
    def middleware(request: HttpRequest) -> HttpResponseBase:
        response: StreamingHttpResponse = get_response(request)
        response.headers["Content-Encoding"] = "br"
        return response

    return middleware


def gzip_that_needs_a_user(get_response: Any) -> Any:
    def middleware(request: HttpRequest) -> HttpResponseBase:
        return get_response(request.user)  # type: ignore[no-any-return]

    return middleware


BufferingMiddleware = Joins


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("tests.checks.test_serving.BufferingMiddleware", "turns a stream into"),
        ("tests.checks.test_serving.minify", "reads a stream before it is sent"),
        ("tests.checks.test_serving.compress", "compresses a stream"),
    ],
)
def test_middleware_that_holds_answers_back_is_named(
    settings: Settings, path: str, problem: str
) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, path]
    (message,) = serving.check_middleware()
    assert message.id == "sitechat.W005"
    assert path in message.msg
    assert problem in message.msg


@pytest.mark.parametrize(
    "path",
    [
        "django.middleware.gzip.GZipMiddleware",
        "tests.checks.test_serving.gzip_that_needs_a_user",
        "nowhere.GzipMiddleware",
    ],
)
def test_other_middleware_is_let_alone(settings: Settings, path: str) -> None:
    settings.MIDDLEWARE = [path, *settings.MIDDLEWARE]
    assert list(serving.check_middleware()) == []
