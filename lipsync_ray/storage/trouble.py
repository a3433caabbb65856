"""What stores and disks complain about, said in one line, and whether trying again may help."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from lipsync_ray.errors import ObjectMissing, StorageError, StorageRefused

# As the clients of S3, Google Cloud Storage and Azure write them.
_NO_BUCKET = re.compile(
    r"NO_SUCH_BUCKET|NoSuchBucket|ContainerNotFound|FilesystemNotFound|Bucket '.*' not found"
)
_REFUSED = re.compile(
    r"ACCESS_DENIED|AccessDenied|INVALID_ACCESS_KEY_ID|InvalidAccessKeyId|INVALID_CLIENT_TOKEN_ID"
    r"|SIGNATURE_DOES_NOT_MATCH|SignatureDoesNotMatch|EXPIRED_TOKEN|ExpiredToken|MISSING_AUTHENTICATION_TOKEN"
    r"|HTTP status 40[13]\b|\b40[13] |Permission denied|PERMISSION_DENIED|UNAUTHENTICATED|Authentication"
)
# Adds nothing for whoever must act, and differs from run to run.
_REQUEST = re.compile(r"\s*[(\[]?(Request ID|request id|RequestId):? [^)\]]*[)\]]?")
_LONGEST = 300  # characters of a cause


@contextmanager
def told(place: str) -> Iterator[None]:
    """Turn what pyarrow or the system raise while ``place`` is used into one line that names it.

    Raises:
        ObjectMissing: there is no such file or bucket.
        StorageRefused: the credentials, or the place itself, will not do.
        StorageError: anything else; it may be gone when tried again.
    """
    try:
        yield
    except Exception as error:
        # Arrow's own errors are no OSErrors; asking for them by class would import pyarrow for local files.
        if isinstance(error, OSError) or type(error).__module__.startswith("pyarrow"):
            raise explained(place, error) from error
        raise


def explained(place: str, error: Exception) -> StorageError:
    """The error that says what happened to ``place``."""
    text = _cause(error)
    if _NO_BUCKET.search(text):
        return ObjectMissing(f"the bucket of {place} does not exist; check the address")
    if isinstance(error, FileNotFoundError):
        return ObjectMissing(f"{place} does not exist; check the name")
    if isinstance(error, IsADirectoryError):
        return StorageRefused(f"{place} is a folder; name a file")
    if isinstance(error, PermissionError) or _REFUSED.search(text):
        hint = "check the credentials in the environment" if "://" in place else "check who may read it"
        return StorageRefused(f"access to {place} is refused: {text}; {hint}")
    hint = "check the network and the endpoint, then run again" if "://" in place else "check the disk"
    return StorageError(f"cannot use {place}: {text}; {hint}")


def _cause(error: Exception) -> str:
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    text = " ".join(_REQUEST.sub("", text).split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
