"""The chat for every Django site.

A site subclasses `sitechat.Chatbot`, and turns its own functions into tools for Claude with
`sitechat.tool`. Importing this package is cheap: Django's models, the Anthropic SDK and the engine
are loaded when they are first needed.
"""

from sitechat.chatbot import Chatbot
from sitechat.tools import tool

__all__ = ["Chatbot", "tool"]
__version__ = "0.2.0"
