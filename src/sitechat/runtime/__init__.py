"""The process and its server: threads, forks, shutdown, the database alias, and logging.

Nothing here is about chats. Imports only `conf`, `safe_text` and Django. The package exports
nothing, so that each process loads only the modules that it needs.
"""
