"""URLs and views of the site for the browser tests."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import include, path
from django.views.decorators.cache import cache_page

POLICY = "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self'"
"""What docs/widget.md asks for, and images, which some tests set."""
TRUSTED_TYPES = "; require-trusted-types-for 'script'; trusted-types 'none'"


def strict_csp(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    def middleware(request: HttpRequest) -> HttpResponseBase:
        response = get_response(request)
        # replacing a page's whole body needs innerHTML, and so does the admin's jQuery
        is_free = request.path.startswith(("/swaps/", "/admin/"))
        styles = "'self'" if is_free else request.build_absolute_uri(static("hostile.css"))
        policy = f"{POLICY}; style-src {styles}{'' if is_free else TRUSTED_TYPES}"
        if request.path.startswith("/frames/"):
            policy += "; frame-src 'self'"
        response["Content-Security-Policy"] = policy
        return response

    return middleware


def page(request: HttpRequest, name: str = "home") -> HttpResponse:
    response = render(request, "page.html", {"name": name})
    if name == "framed":
        response["X-Frame-Options"] = "SAMEORIGIN"
    return response


urlpatterns = [
    path("", page),
    path("admin/", admin.site.urls),
    path("cached/", cache_page(60)(page), {"name": "cached"}),
    path("<slug:name>/", page),
    path("api/", include("sitechat.urls")),
]
