"""A site with the custom user model of Django's documentation (`AUTH_USER_MODEL`)."""
