"""What makes the files that lipsync_ray ships: run from a checkout, never installed."""
