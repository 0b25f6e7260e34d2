"""The process and its server: threads, forks, shutdown, the database alias, and logging.

Knows nothing about chats. Imports only `conf`, `safe_text` and Django.
"""

from sitechat.runtime.per_process import PerProcess
from sitechat.runtime.safe_logging import get_logger

__all__ = ["PerProcess", "get_logger"]
