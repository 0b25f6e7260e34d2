"""The template tags `{% load sitechat %}`, and tags and filters for the pages of the admin.

They only call functions of `http`, `people` and `reports`, which this package imports.
"""
