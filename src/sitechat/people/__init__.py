"""People of the site, who answer visitors instead of the bot, and contact requests.

Imports `conversations`, `models` and what is below them; `http` and `admin` import it. It never
asks Claude.
"""
