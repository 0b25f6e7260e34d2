"""Handoffs of conversations to people of the site, and contact requests.

A handoff is the state of a conversation in which the visitor waits for a person of the site, or in
which a person answers the visitor instead of the bot. `visitor_actions` and `staff_actions` change
handoffs. `contact_requests` stores what visitors enter in the contact form.

This package imports `conversations` and the layers below it; `http` and `admin` import this
package. It does not call Claude.
"""
