"""What the benchmarks share: peers as processes, visitors as sockets, and figures."""
