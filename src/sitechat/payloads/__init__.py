"""The types of the JSON that browsers get. `docs/http.md` describes its values.

`messages` defines the types of messages and replies, `updates` the types of what is new in a
conversation. Several layers build the values, so this package contains only types. It imports no
other package of `sitechat`.
"""
