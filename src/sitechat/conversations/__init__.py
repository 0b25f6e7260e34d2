"""Conversations: turn a visitor's message into a reply; find, stop and erase replies.

`conversation_lookup` finds the visitor's conversation, `turns` starts a reply to a message,
`prompt` writes the request to Claude, `replies` finds replies again. No module reads a request of
Django: the data of the request arrives as a `Visit`. This package imports `engine`, `knowledge`,
`ledger`, `claude` and the layers below them. It exports nothing: every process imports a few of its
modules at its start, and should not have to import the others.
"""
