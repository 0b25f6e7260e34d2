"""The plain way, as tutorials teach it: the peer that the benchmarks compare with.

A view with a sync generator that builds a client for every request, counters in the cache that
are read and then set, and the conversation from the ORM. It is written as well as such a view
usually is, and no worse: it validates, limits, streams and saves the answer at its end.
"""
