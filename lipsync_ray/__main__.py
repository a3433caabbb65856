"""``python -m lipsync_ray`` and the ``lipsync-ray`` command."""

from __future__ import annotations

import gc
import os
import sys


def main() -> None:
    """Run the command line and exit with its status."""
    # Dubs keep matrices to one thread (threads.one_thread_each). Until then OpenBLAS, here and in processes
    # that are started, would have one for each CPU, made while NumPy is imported: each spins for .1 s first.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    try:
        from lipsync_ray.cli import main as run
    except KeyboardInterrupt:
        sys.exit(4)
    status = run()
    gc.freeze()  # the system takes all memory back: to look for garbage in it first takes .05 s after a run
    sys.exit(status)


if __name__ == "__main__":
    main()
