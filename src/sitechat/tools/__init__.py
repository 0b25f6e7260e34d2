"""Functions of the site that Claude may call: their declaration, arguments and results.

This package runs no tools. `conversations.offered_tools` offers tools for a message, and
`engine.tool_round` runs the tools that Claude calls. This package imports only `safe_text`.
"""

from sitechat.tools.argument_validation import InvalidArguments
from sitechat.tools.declaration import Tool, tool
from sitechat.tools.results import UnusableResult, result_text

__all__ = ["InvalidArguments", "Tool", "UnusableResult", "result_text", "tool"]
