"""Side-by-side timings of backprop_lab against its peers: `python -m benchmarks`."""
