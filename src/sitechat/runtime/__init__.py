"""The process and its server: threads, forks, shutdown, the database alias, and logging.

Knows nothing about chats. Imports only `conf`, `safe_text` and Django. Exports nothing itself, so
that each process loads only the modules that it needs.
"""
