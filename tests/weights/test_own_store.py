"""Weights of one's own in an S3 bucket."""

from __future__ import annotations

from pathlib import Path

import pytest

from lipsync_ray.errors import ConfigError, WeightsCorrupt, WeightsMissing
from lipsync_ray.storage import files
from tests.storage.s3 import S3, bucket, deny, s3, s3_server
from tests.weights.files import BYTES, entry, store

__all__ = ["bucket", "s3", "s3_server"]


def test_files_are_found_and_copied(tmp_path: Path, bucket: str) -> None:
    files.write_bytes(f"{bucket}/my models/checkpoints/net.bin", BYTES)
    job = store(tmp_path, entry(), directory=f"{bucket}/my models")
    assert job.path("net").read_bytes() == BYTES


def test_a_wrong_file_is_refused(tmp_path: Path, bucket: str) -> None:
    files.write_bytes(f"{bucket}/net.bin", BYTES[::-1])
    with pytest.raises(WeightsCorrupt, match=r"came from s3://"):
        store(tmp_path, entry(), directory=bucket).path("net")


def test_a_store_that_refuses_is_said(tmp_path: Path, s3: S3, bucket: str) -> None:
    s3.faults[f"/{bucket[5:]}"] = deny
    with pytest.raises(WeightsMissing, match=r"weights\.dir=s3://.*refused"):
        store(tmp_path, entry(), directory=bucket).path("net")


@pytest.mark.parametrize("address", ["https://example.org/models", "s3://AKIA:hidden@bucket/models"])
def test_addresses_that_will_not_do_are_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(ConfigError) as error:
        store(tmp_path, entry(), directory=address).path("net")
    assert "hidden" not in str(error.value)
