"""One module per command, each documented in `docs/commands.md`.

Commands are thin: they read their arguments, call `reports` or `knowledge`, and print the result.
Like `sitechat.management`, they may import `reports` and the layers below it.
"""
