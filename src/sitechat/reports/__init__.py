"""The logic of the owner's pages: usage, unanswered questions, evaluation, privacy, retention.

Admin pages, commands, tasks and metrics are thin, and import the modules of this package by name.
Each module has one subject, such as `usage_report`, `retention`, `doctor` or `personal_data`. This
package imports `conversations` and the layers below it. It exports no names, so that callers load
only the modules that they need.
"""
