"""The logic of the owner's pages: usage, unanswered questions, evaluation, privacy, retention.

Admin pages, commands, tasks and metrics are thin, and import the modules of this package by name.
Each module has one subject, such as `usage_report`, `retention`, `doctor` or `privacy`. Imports
`conversations` and what is below it. Exports nothing itself, because every process imports
`reports.reply_logs` at start.
"""
