"""What a worker takes is estimated near the truth, and told in a line or two."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from lipsync_ray.doctor_memory import check_memory, needed, own_ram
from lipsync_ray.doctor_packages import Check
from lipsync_ray.doctor_probe import Probe
from lipsync_ray.engines.footprint import NETS, WHOLE_MB, estimate
from lipsync_ray.neural.settings import ComputeSettings
from lipsync_ray.overrides import load_config

BENCHMARKS = Path(__file__).resolve().parents[1] / "benchmarks"
NO_GPU = Probe(versions={}, errors={})


@pytest.fixture(scope="module")
def meter() -> Any:
    """The script that measures networks."""
    sys.path.append(str(BENCHMARKS))
    import neural_memory

    return neural_memory


@pytest.mark.parametrize("name", list(NETS))
def test_networks_are_as_large_as_is_told(name: str, meter: Any) -> None:
    facts = meter.measure(name)
    assert facts.parameters / 1e6 == pytest.approx(NETS[name].parameters, abs=0.06)
    assert facts.live / 1e6 == pytest.approx(NETS[name].picture_mb, rel=0.3)


@pytest.mark.parametrize("name", list(WHOLE_MB))
def test_whole_faces_take_what_is_told(name: str, meter: Any) -> None:
    assert meter.measure(f"{name}, whole face").live / 1e6 == pytest.approx(WHOLE_MB[name], rel=0.3)


def test_sizes_without_contents_are_those_of_a_real_pass(meter: Any) -> None:
    assert meter.measure("wav2lip", "cpu").live == meter.measure("wav2lip").live


def test_live_bytes_forget_what_is_freed(meter: Any) -> None:
    with meter.LiveBytes() as live:
        first = torch.zeros(1000)
        second = first[10:]  # shares its bytes
        assert live.now == 4000
        del first
        assert live.now == 4000
        del second
        assert live.now == 0
        third = torch.zeros(500)
        assert (live.now, live.peak) == (third.nbytes, 4000)


def test_halves_and_small_batches_take_less() -> None:
    full = estimate("video_retalking", "gfpgan", ComputeSettings(device="cuda"))
    half = estimate("video_retalking", "gfpgan", ComputeSettings(device="cuda", dtype="fp16"))
    small = estimate("video_retalking", "gfpgan", ComputeSettings(device="cuda", batch=1))
    assert half.gpu_bytes < full.gpu_bytes
    assert small.gpu_bytes < full.gpu_bytes
    assert estimate("unit_selection", "none", ComputeSettings()).gpu_bytes == 0
    assert estimate("wav2lip", "none", ComputeSettings(device="cpu")).gpu_bytes == 0


def test_a_worker_is_no_smaller_than_weights_and_the_largest_pass() -> None:
    nets = [NETS[name] for name in ("dnet", "enet", "face3d", "gfpgan")]
    least = sum(net.parameters for net in nets) * 4e6 + 16 * NETS["dnet"].picture_mb * 1e6
    assert least < estimate("video_retalking", "gfpgan", ComputeSettings(device="cuda")).gpu_bytes < 2 * least


@pytest.mark.parametrize(
    "words",
    [
        ["blend.mask=parsenet"],
        ["enhance.name=both"],
        ["enhance.region=face"],
        ["engine.enhance_reference=true"],
        ["engine.up_face=sad"],
        ["engine.upstream_exact=true"],
    ],
)
def test_options_that_need_networks_are_counted(words: list[str]) -> None:
    plain, more = (
        needed(load_config(["video=a", "engine=video_retalking", *each])).gpu_bytes for each in ([], words)
    )
    assert more > plain


def said(*words: str, probe: Probe = NO_GPU) -> list[Check]:
    return list(check_memory(load_config(["video=a", *words]), probe))


def test_doctor_says_whether_an_l4_fits() -> None:
    there, _ = said("engine=video_retalking", "compute.dtype=fp16")
    assert there.state == "ok"
    assert there.text.startswith("video_retalking with gfpgan needs about ")
    assert "GB of GPU memory (fp16) and " in there.text
    there, _ = said("engine=wav2lip", "compute.batch=4000")
    assert (there.state, there.text.endswith("has room for none")) == ("note", True)
    assert "compute.batch" in there.mend


def test_doctor_says_whether_this_machine_fits() -> None:
    _, here = said("engine=video_retalking")
    assert f"{own_ram() / 1e9:.0f} GB of RAM, no GPU seen" in here.text
    small = Probe(versions={}, errors={}, gpu="CUDA, a small one", gpu_bytes=2_000_000_000)
    _, here = said("engine=video_retalking", probe=small)
    assert (here.state, here.text.endswith("2 GB of GPU memory) has room for none")) == ("note", True)
    _, here = said("engine=video_retalking", "compute.device=cuda")
    assert here.state == "note"


def test_no_gpu_is_spoken_of_where_none_is_needed() -> None:
    there, here = said("engine=unit_selection")
    assert "GPU" not in there.text + here.text
    (check,) = said("engine=tests.toy_engines:Identity")
    assert "nothing is known" in check.text


def test_the_check_needs_no_torch() -> None:
    script = "import sys, lipsync_ray.doctor; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
