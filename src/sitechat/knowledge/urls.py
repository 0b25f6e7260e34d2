"""URL patterns of llms.txt and MCP: `path("", include("sitechat.knowledge.urls"))`.

The views are in `sitechat.http`, a higher layer, so `include` loads them by name.
"""

from __future__ import annotations

from django.urls import include, path

app_name = "sitechat_knowledge"

urlpatterns = [path("", include("sitechat.http.llms_mcp_urls"))]
