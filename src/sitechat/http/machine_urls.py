"""URL patterns of `llms.txt` and the Model Context Protocol."""

from __future__ import annotations

from django.urls import path

from sitechat.http import machine_views

urlpatterns = [
    path("llms.txt", machine_views.llms, name="llms"),
    path("llms-full.txt", machine_views.llms_full, name="llms_full"),
    path("mcp/", machine_views.mcp, name="mcp"),
]
