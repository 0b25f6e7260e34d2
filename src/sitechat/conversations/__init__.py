"""Conversations: turn a visitor's message into a reply; find, stop and erase replies.

`conversation_lookup` finds the visitor's conversation, `turns` starts a reply to a message,
`prompt` writes the request to Claude, `replies` finds replies again. No module reads a request of
Django: the data of the request arrives as a `Visit`. This package imports `engine`, `knowledge`,
`ledger`, `claude` and the layers below them. It exports nothing: every process imports a few of its
modules at its start, and should not have to import the others.

The first row that applies decides which conversation a message goes into. `HeldConversations` has
the ids, and `conversation_lookup` reads the conversations. "Hash" means an id that is a keyed hash
of the listed values.

| the message or the visitor     | id of the conversation                         | method         |
|--------------------------------|------------------------------------------------|----------------|
| the message names an id        | this id                                        |                |
| it says "new", with a session  | hash of session, bot and message id            | additional_id  |
| the session has an id          | this id                                        | get            |
| a session without an id        | hash of session, bot and the session's entry   | likely_id      |
| no session, but a `retry_key`  | hash of address, message id and bot            | likely_id      |
| no session and no `retry_key`  | random                                         |                |

If the conversation does not exist, the message begins it with this id. In the first row, the
message is refused instead. In the third row, the new conversation gets the id of the fourth row
(`new_id`).
Three rules complete the table:

- An address does not identify a visitor. So a conversation without a session is used only for a
  copy of its first message (`repeated_messages`). Any other message begins one with a random id.
- A copy may arrive with a session that was created after the first one. If the fourth row finds no
  conversation, the id of the fifth row is tried too (`begun_without_session`).
- A visitor with a session may have several conversations. If the one that was found does not
  contain a copy of the message, the others are searched for one.

Example: A message without a session begins a conversation with an id from the fifth row, but the
response with the cookie is lost. The browser sends the message again. The hash is the same, and so
is the id of the first message, so the retry gets the reply that is already running.
"""
