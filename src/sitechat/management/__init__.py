"""The `chat_*` commands.

`base` has `ChatCommand`, the base class of all commands, and `visitors` the arguments that select a
visitor. Imports `reports` and what is below it; nothing imports this package.
"""
