"""The `chat_*` commands.

`base` defines `ChatCommand`, the base class of all commands. `visitors` defines the arguments that
select a visitor. This package imports `reports` and the layers below it. No other package imports
it.
"""
