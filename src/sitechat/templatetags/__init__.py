"""The template tags `{% load sitechat %}` and the filters of the owner's pages.

Tags are thin. This package imports `http` and `reports`, which render.
"""
