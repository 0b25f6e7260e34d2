"""Conversations: turn a visitor's message into a reply; find, stop and erase replies.

`conversation_lookup` finds the visitor's conversation, `turns` starts a reply to a message,
`prompt` writes what Claude is sent, `replies` finds replies again. Knows no HTTP: a request arrives
as a `Visit`. Imports `engine`, `knowledge`, `ledger`, `claude` and what is below them. Exports
nothing itself, because every process imports a few of its modules at start.
"""
