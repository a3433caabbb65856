"""``python -m lipsync_ray`` and the ``lipsync-ray`` command."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Run the command line and exit with its status."""
    try:
        from lipsync_ray.cli import main as run
    except KeyboardInterrupt:
        sys.exit(4)
    status = run()
    gc.freeze()  # the system takes all memory back: to look for garbage in it first takes .05 s after a run
    sys.exit(status)


if __name__ == "__main__":
    main()
