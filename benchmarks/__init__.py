"""Speed and scale, measured: `make bench`, or `python -m benchmarks --help`.

Every figure is a ratio to something that ran beside it on the same machine, or a throughput with the machine
named; none is asserted by a test. What they were when last measured: docs/performance.md.
"""
