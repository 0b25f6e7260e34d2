"""The HTTP interface: read requests, admit them, answer with JSON or a stream of events.

`chat_views` and the other `*_views` contain the endpoints that `sitechat.urls` lists.
`visit_reader` reads a request into a `Visit`, `admission` decides whether the request may start a
reply, and `sse` streams the reply. `widget_element` renders the element `<site-chat>`. This package
imports `people`, `conversations` and the layers below them.
"""

from sitechat.http.api_address import find_endpoint

__all__ = ["find_endpoint"]
