"""Handoffs of conversations to people of the site, and contact requests.

This package imports `conversations` and the layers below it; `http` and `admin` import this
package. It never calls Claude.
"""
