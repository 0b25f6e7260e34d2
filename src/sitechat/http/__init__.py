"""The HTTP interface: read requests, admit them, answer with JSON or a stream of events.

`views` and the other `*_views` hold the endpoints that `sitechat.urls` lists. `visits` reads a
request into a `Visit`, `admission` decides whether it may start a reply, and `sse` streams the
reply. `widget` renders the element. Imports `people`, `conversations` and what is below them.
"""

from sitechat.http.endpoint import find_endpoint

__all__ = ["find_endpoint"]
