"""Handoffs of conversations to people of the site, and contact requests.

In a handoff, a person of the site answers the visitor instead of the bot. This package imports
`conversations` and the layers below it; `http` and `admin` import this package. It does not call
Claude.
"""
