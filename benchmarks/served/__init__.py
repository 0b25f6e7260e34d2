"""The site that the benchmarks serve: one page, and the chat of the peer that BENCHMARK_CHAT names.

`sitechat` is this project, `plain` a chat without it, as in tutorials. Both have the same settings,
middleware and database.
"""
