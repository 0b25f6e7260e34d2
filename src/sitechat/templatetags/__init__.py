"""The template tags `{% load sitechat %}` and the filters of the owner's pages.

Tags are thin: this package imports `http`, `people` and `reports`, which do the work.
"""
