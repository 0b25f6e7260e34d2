"""The pages of the site that the browser tests visit."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import include, path
from django.views.decorators.cache import cache_page

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'"
)


def strict_csp(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        response["Content-Security-Policy"] = POLICY
        return response

    return middleware


def page(request: HttpRequest, name: str = "home") -> HttpResponse:
    return render(request, "page.html", {"name": name})


urlpatterns = [
    path("", page),
    path("cached/", cache_page(60)(page), {"name": "cached"}),
    path("<slug:name>/", page),
    path("api/", include("sitechat.urls")),
]
