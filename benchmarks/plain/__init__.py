"""The plain peer: a chat as tutorials write it, for comparison.

Its view is a synchronous generator that creates a client for every request, counts with a get and
a set on the cache, and loads the conversation with the ORM. It validates the message, applies
limits, streams the answer and saves it at the end.
"""
