"""Asks PyPI's advisories about every package of this environment, with pip-audit.

Ends with 1 where a newer version of one would mend what is known against it; what nobody has mended yet
is told alone, as nothing could be done. Where no service of advisories can be reached, such as behind a
mirror, nothing is audited: that is said, and is no failure.
"""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from importlib.metadata import version
from typing import Any

SERVICE = f"https://pypi.org/pypi/pip/{version('pip')}/json"  # as pip-audit asks; mirrors may have files only


def advisories_answer(address: str = SERVICE, timeout_s: float = 15.0) -> bool:
    """Whether there is a service of advisories; pip-audit would take its absence for an unknown package."""
    try:
        with urllib.request.urlopen(address, timeout=timeout_s) as answer:
            return "vulnerabilities" in json.load(answer)
    except (OSError, ValueError):
        return False


def told(report: dict[str, Any]) -> tuple[list[str], int, bool]:
    """What pip-audit's report says: a line for every finding, and how many packages were looked at.

    The last is whether any finding is mended by a newer version.
    """
    packages = report["dependencies"]
    findings = [
        f"{one['name']} {one['version']}: {found['id']}"
        + (f", fixed in {', '.join(found['fix_versions'])}" if found["fix_versions"] else ", not fixed yet")
        for one in packages
        for found in one.get("vulns", ())
    ]
    mended = any(found["fix_versions"] for one in packages for found in one.get("vulns", ()))
    return findings, sum("vulns" in one for one in packages), mended


def main() -> int:
    """Audit; 1 where something is to be done."""
    if not advisories_answer():
        sys.stdout.write(f"NOT AUDITED: no advisories at {SERVICE}\n")
        return 0
    command = [
        sys.executable,
        "-m",
        "pip_audit",
        "--format",
        "json",
        "--progress-spinner",
        "off",
        "--skip-editable",
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    try:
        findings, looked_at, mended = told(json.loads(done.stdout))
    except ValueError:
        sys.stdout.write(f"NOT AUDITED: pip-audit fails: {done.stderr.strip()[-400:]}\n")
        return 1
    sys.stdout.write("".join(f"{line}\n" for line in findings) + f"{looked_at} packages audited\n")
    return 1 if mended else 0


if __name__ == "__main__":
    sys.exit(main())
