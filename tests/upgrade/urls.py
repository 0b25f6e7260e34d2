"""The pages of the small site."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.sitemaps import Sitemap
from django.contrib.sitemaps.views import sitemap
from django.http import HttpRequest, HttpResponse
from django.urls import include, path

PAGES = {
    "/delivery/": ("Delivery", "Parcels leave our warehouse on Tuesdays and arrive on Fridays."),
    "/returns/": ("Returns", "Send shoes back within thirty days. The label is in the parcel."),
}


def page(request: HttpRequest) -> HttpResponse:
    title, text = PAGES[request.path]
    return HttpResponse(
        f"<html lang=en><title>{title}</title><main><h1>{title}</h1><p>{text}</main></html>"
    )


class Pages(Sitemap):  # type: ignore[type-arg,unused-ignore]
    def items(self) -> list[str]:
        return sorted(PAGES)

    def location(self, item: str) -> str:
        return item


urlpatterns = [
    path("api/", include("sitechat.urls")),
    path("admin/", admin.site.urls),
    path("sitemap.xml", sitemap, {"sitemaps": {"pages": Pages}}),
    *(path(address[1:], page) for address in PAGES),
]
