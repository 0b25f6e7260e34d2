"""People of the site: they answer visitors instead of the bot, and get contact requests.

Imports `conversations`, `models` and what is below them; `http` and `admin` import it. It never
asks Claude.
"""
