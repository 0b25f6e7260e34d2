"""The owner's side: usage and cost, unanswered questions, evaluation, privacy and retention.

Admin pages, commands, tasks and metrics are thin; the logic they share is here, one module per
subject, which they import by name (`statistics`, `review`, `evaluation`, `doctor`, `privacy`,
`retention`). Imports `conversations` and what is below it. Exports nothing itself, because every
process imports `reports.logs` at start.
"""
