"""``python -m lipsync_ray`` and the ``lipsync-ray`` command."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its status."""
    try:
        from lipsync_ray.cli import main as run
    except KeyboardInterrupt:
        sys.exit(4)
    sys.exit(run())


if __name__ == "__main__":
    main()
