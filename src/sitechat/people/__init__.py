"""People of the site, who answer visitors instead of the bot, and contact requests.

Imports `conversations` and the layers below it; `http` and `admin` import this package. Nothing
here calls Claude.
"""
