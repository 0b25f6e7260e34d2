"""One module per command, each documented in `docs/commands.md`.

Commands are thin: they read their arguments, call `reports` or `knowledge`, and print the result.
They may import what `sitechat.management` may import.
"""
