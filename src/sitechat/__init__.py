"""The chat for every Django site.

`sitechat.Chatbot` is what a site subclasses. Importing this package is cheap: Django's
models, the Anthropic SDK and the engine are loaded when they are first needed.
"""

from sitechat.chatbot import Chatbot

__all__ = ["Chatbot"]
__version__ = "0.1.0"
