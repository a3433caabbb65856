"""Connections to stores, set up from the environment."""

from __future__ import annotations

import os
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from lipsync_ray.errors import ConfigError, DependencyMissing
from lipsync_ray.storage.trouble import told
from lipsync_ray.storage.uri import Address

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

CONNECT_S = 10.0
REQUEST_S = 30.0  # without a byte
ATTEMPTS = 5  # of a request, each later than the one before, where AWS_MAX_ATTEMPTS says no other number
RETRY_S = 60.0  # how long a request to Google's store is tried again


def connected(address: Address) -> FileSystem:
    """The file system that holds an address; see ``uri.filesystem``."""
    if address.scheme == "s3":
        return _s3(address.bucket, _environment("AWS_"))
    if address.scheme == "gs":
        return _gs(_environment("GOOGLE_"))
    return _azure(address.account, _environment("AZURE_"))


def _environment(prefix: str) -> tuple[tuple[str, str], ...]:
    """What a connection depends on, so that it is made anew when that changes."""
    return tuple(sorted(item for item in os.environ.items() if item[0].startswith(prefix)))


@lru_cache(maxsize=32)
def _s3(bucket: str, environment: tuple[tuple[str, str], ...]) -> FileSystem:
    from pyarrow import fs

    found = dict(environment)
    endpoint = found.get("AWS_ENDPOINT_URL_S3") or found.get("AWS_ENDPOINT_URL") or ""
    scheme, _, host = endpoint.rpartition("://")
    if endpoint and scheme not in ("http", "https"):
        raise ConfigError(f"AWS_ENDPOINT_URL={endpoint} is no address; write https://host:port")
    attempts = found.get("AWS_MAX_ATTEMPTS") or str(ATTEMPTS)
    if not attempts.isdecimal() or not int(attempts):
        raise ConfigError(f"AWS_MAX_ATTEMPTS={attempts} is no number of attempts; write 1 or more")
    region = found.get("AWS_REGION") or found.get("AWS_DEFAULT_REGION")
    if not region:
        region = "us-east-1" if endpoint else _region(bucket)
    return fs.S3FileSystem(
        region=region,
        scheme=scheme or "https",
        endpoint_override=host.rstrip("/") or None,
        connect_timeout=CONNECT_S,
        request_timeout=REQUEST_S,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=int(attempts)),
    )


def _region(bucket: str) -> str:
    from pyarrow.fs import resolve_s3_region

    with told(f"s3://{bucket}"):
        return resolve_s3_region(bucket)


@lru_cache(maxsize=4)
def _gs(environment: tuple[tuple[str, str], ...]) -> FileSystem:
    try:
        from pyarrow.fs import GcsFileSystem
    except ImportError as error:
        raise DependencyMissing(f"this pyarrow cannot read gs:// addresses: {error}") from error
    return GcsFileSystem(retry_time_limit=timedelta(seconds=RETRY_S))


@lru_cache(maxsize=16)
def _azure(account: str, environment: tuple[tuple[str, str], ...]) -> FileSystem:
    try:
        from pyarrow.fs import AzureFileSystem
    except ImportError as error:
        raise DependencyMissing(f"this pyarrow cannot read abfs:// addresses: {error}") from error
    found = dict(environment)
    name, _, host = (account or found.get("AZURE_STORAGE_ACCOUNT", "")).partition(".")
    if not name:
        raise ConfigError("an abfs:// address needs its account: abfs://container@account/name")
    options: dict[str, str] = {}
    if host:  # dfs.core.windows.net, or another cloud's
        domain = host.removeprefix("dfs.").removeprefix("blob.")
        options |= {"blob_storage_authority": f".blob.{domain}", "dfs_storage_authority": f".dfs.{domain}"}
    if key := found.get("AZURE_STORAGE_KEY"):
        options["account_key"] = key
    elif token := found.get("AZURE_STORAGE_SAS_TOKEN"):
        options["sas_token"] = token
    return AzureFileSystem(name, **options)
