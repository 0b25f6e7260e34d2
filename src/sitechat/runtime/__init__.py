"""The process and its server: threads, forks, shutdown, the database alias, and logging.

Nothing here is about chats. This package imports only `conf` and `safe_text` from `sitechat`. It
exports nothing, so that each process loads only the modules that it needs.
"""
