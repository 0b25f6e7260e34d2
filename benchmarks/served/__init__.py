"""The site that the benchmarks serve: one page, and the chat of the peer that BENCHMARK_CHAT names.

`sitechat` is ours, `plain` the plain way; both have the same settings, middleware and database.
"""
