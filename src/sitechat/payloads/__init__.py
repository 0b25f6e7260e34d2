"""The types of the JSON that browsers get. `docs/http.md` describes its values.

`messages` has messages and replies, `updates` what is new in a conversation. Types only: several
layers build the values. Imports nothing of the package.
"""
