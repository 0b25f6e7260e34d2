"""The template tags `{% load sitechat %}` and the filters of the owner's pages.

Tags are thin: they call `http`, `people` and `reports`.
"""
