"""What a command takes, with everything that it starts."""

from __future__ import annotations

import sys
import time

import pytest

from lipsync_ray.bench.processes import Look, Watched, watch
from lipsync_ray.errors import BenchFailed

BURN = """
import sys, time
def burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass
"""
# A child that nobody waits for, in a session of its own, as Ray's are: the kernel adds its CPU to nobody's.
FAMILY = f"""
import subprocess, sys
{BURN}
child = '''{BURN}
held = bytearray(120_000_000)
burn(0.6)
print("done", flush=True)
time.sleep(0.3)
'''
process = subprocess.Popen(
    [sys.executable, "-c", child], stdout=subprocess.PIPE, start_new_session=True
)
burn(0.3)
process.stdout.readline()
time.sleep(0.2)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the tree of processes is read from /proc")
def test_processes_that_nobody_waits_for_count() -> None:
    found = watch([sys.executable, "-c", FAMILY])
    assert 0.88 <= found.cpu <= 1.4  # 0.9 s, and two interpreters that start
    assert 120_000_000 <= found.peak_rss < 250_000_000
    assert found.wall >= 0.8


@pytest.mark.skipif(sys.platform != "linux", reason="the tree of processes is read from /proc")
def test_memory_of_who_measures_is_not_counted() -> None:
    held = bytes(range(256)) * 1_200_000
    found = watch([sys.executable, "-c", "import time; time.sleep(0.3)"])
    assert 2_000_000 < found.peak_rss < len(held) / 3


def test_lines_and_notices_carry_their_time() -> None:
    script = (
        "import sys, time; print('one', file=sys.stderr, flush=True); time.sleep(0.4); "
        "print('two', file=sys.stderr)"
    )
    since = time.time()
    found = watch([sys.executable, "-c", script], notice=lambda: time.time() > since + 0.2)
    (first, one), (second, two) = found.lines
    assert (one, two) == ("one", "two")
    assert 0.3 < second - first < 2
    assert found.noticed is not None
    assert since + 0.2 < found.noticed < found.ended


def test_the_environment_is_added_to() -> None:
    script = "import os, sys; print(os.environ['ADDED'], 'PATH' in os.environ, file=sys.stderr)"
    found = watch([sys.executable, "-c", script], environment={"ADDED": "yes"})
    assert [line for _, line in found.lines] == ["yes True"]


def test_what_fails_is_told_by_its_last_words() -> None:
    script = "import sys; sys.stderr.write('first\\nlipsync_ray: FACE_NONE: no face\\n'); sys.exit(3)"
    with pytest.raises(BenchFailed, match=r"^lipsync_ray: FACE_NONE: no face \(status 3 of: .*python"):
        watch([sys.executable, "-c", script])


def test_cpu_between_two_looks_is_on_the_line_between_them() -> None:
    looks = (Look(time=11.0, cpu=1.0, rss=1), Look(time=12.0, cpu=3.0, rss=1))
    found = Watched(begun=10, ended=13, cpu=3.5, peak_rss=1, looks=looks, lines=(), noticed=None)
    taken = [found.cpu_until(moment) for moment in (9, 10, 10.5, 11, 11.25, 12, 12.5, 13, 99)]
    assert taken == pytest.approx([0, 0, 0.5, 1, 1.5, 3, 3.25, 3.5, 3.5])
