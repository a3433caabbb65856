"""A process that puts rows into a ledger and says so after each: ``writer.py OUT_DIR EVERY_S [LIMIT]``."""

from __future__ import annotations

import os
import resource
import sys
from itertools import count

from lipsync_ray.batch.ledger import Ledger
from lipsync_ray.errors import LipsyncError
from tests.batch.rows import row


def main(out_dir: str, every_s: float, limit: int) -> None:
    """Put rows, new and changed ones, until the process is killed or may write no more."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        with Ledger.open(out_dir, every_s=every_s) as ledger:
            for number in count(max(0, len(ledger.rows) - 1)):  # all but the row called last
                ledger.put(row("last", message=f"{number} " + "x" * 4000))  # long lines are torn sooner
                ledger.put(row(f"job-{number}", state="done", frames=number))
                os.write(1, f"{number}\n".encode())
    except LipsyncError as error:
        os.write(1, f"{error.code}: {error}\n".encode())


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else resource.RLIM_INFINITY)
