"""URL patterns of `llms.txt` and the Model Context Protocol."""

from __future__ import annotations

from django.urls import path

from sitechat.http.lazy_patterns import deferred_view

urlpatterns = [
    path("llms.txt", deferred_view("llms_mcp_views.llms"), name="llms"),
    path("llms-full.txt", deferred_view("llms_mcp_views.llms_full"), name="llms_full"),
    path("mcp/", deferred_view("llms_mcp_views.mcp"), name="mcp"),
]
