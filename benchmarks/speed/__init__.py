"""What dubs cost: `python -m benchmarks.speed`."""
