"""The chat for every Django site.

`sitechat.Chatbot` is what a site subclasses, and `sitechat.tool` makes tools of its functions.
Importing this package is cheap: Django's models, the Anthropic SDK and the engine are loaded when
they are first needed.
"""

from sitechat.chatbot import Chatbot
from sitechat.tools import tool

__all__ = ["Chatbot", "tool"]
__version__ = "0.2.0"
