"""The `chat_*` commands.

`base` holds `ChatCommand`, from which each command derives; `visitors` finds the visitor that an
owner names. Imports `reports` and what is below it; nothing imports this package.
"""
