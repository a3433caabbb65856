"""Places: a path of this machine, or an address in a store such as ``s3://bucket/folder/name``.

What comes after the bucket is the name as it is: a ``%`` or a space stands for itself. Only ``file://`` is
percent-encoded, as ``Path.as_uri`` writes it. Credentials come from the environment alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote

from lipsync_ray.errors import ConfigError

if TYPE_CHECKING:
    from pyarrow.fs import FileSystem

SCHEMES = ("s3", "gs", "abfs", "abfss")
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_OPTION = re.compile(r"\?(?:.*&)?([A-Za-z][\w-]*)=", re.DOTALL)
_SECRET = re.compile(r"key|secret|token|password|sig|credential", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A parsed address: ``s3://bucket/key``; ``account`` is Azure's, as in abfs://container@account/key."""

    scheme: str
    bucket: str
    key: str  # without slashes at its ends; empty for the whole bucket
    account: str = ""

    @property
    def path(self) -> str:
        """What pyarrow's file systems call it: ``bucket/key``."""
        return f"{self.bucket}/{self.key}" if self.key else self.bucket


def is_remote(text: str) -> bool:
    """Whether this is an address in a store; paths and ``file://`` are not. Nothing is checked."""
    return _scheme(text) in SCHEMES


def local_path(text: str) -> Path:
    """The path that a name or a ``file://`` address stands for.

    Raises:
        ConfigError: it is in a store, on another host, or of an unknown kind.
    """
    scheme = _scheme(text)
    if scheme == "file":
        host, slash, path = text.split("://", 1)[1].partition("/")
        if host not in ("", "localhost"):
            raise ConfigError(f"{text} is on another host; write file:///path")
        return Path(unquote(slash + path))
    if scheme in SCHEMES:
        raise ConfigError(f"{parsed(text).path} is in a store ({scheme}); a file of this machine is needed")
    if scheme:
        raise _unknown(scheme)
    return Path(text)


def checked(text: str) -> str:
    """The same text, once it is known to be a path or a well-formed address. Raises ConfigError."""
    if is_remote(text):
        parsed(text)
    else:
        local_path(text)
    return text


def join(base: str, *parts: str) -> str:
    """A place below another one."""
    if not is_remote(base):
        return str(local_path(base).joinpath(*parts))
    return "/".join([base.rstrip("/"), *filter(None, (part.strip("/") for part in parts))])


def name_of(text: str) -> str:
    """The last part of a place: ``a b.mp4`` of ``s3://bucket/folder/a b.mp4``; empty for a bucket."""
    return PurePosixPath(parsed(text).key).name if is_remote(text) else local_path(text).name


def plain_text(text: str) -> str:
    """A text that can be written anywhere: file names may hold bytes that are no letters."""
    return text.encode("utf-8", "backslashreplace").decode()


def suffix_of(text: str) -> str:
    """The ending of a place's name, in lower case and with its dot; empty if it has none."""
    return PurePosixPath(name_of(text)).suffix.lower()


def parsed(text: str) -> Address:
    """The parts of an address in a store.

    Raises:
        ConfigError: no address, no bucket, an empty part in the name, or credentials in it (not repeated).
    """
    scheme = _scheme(text)
    if scheme not in SCHEMES:
        raise _unknown(scheme or "no scheme")
    authority, _, rest = text.split("://", 1)[1].partition("/")
    _refuse_secrets(scheme, authority, rest)
    key = rest.strip("/")
    if "//" in key:
        raise ConfigError(f"{text} has an empty part (//); check the address")
    bucket, _, account = authority.partition("@")
    if not bucket:
        raise ConfigError(f"{text} names no bucket; write {scheme}://bucket/name")
    return Address(scheme=scheme, bucket=bucket, key=key, account=account)


def filesystem(text: str) -> tuple[FileSystem, str]:
    """pyarrow's file system for a place, and the path in it.

    The connection is shared by all calls under the same environment. Nothing is sent, except that the region
    of an S3 bucket is asked for where ``AWS_REGION`` does not say it.

    Raises:
        ConfigError: as ``parsed``, or the environment lacks something.
        DependencyMissing: this pyarrow was built without that store.
        StorageError: the region cannot be found out.
    """
    if not is_remote(text):
        from pyarrow.fs import LocalFileSystem

        return LocalFileSystem(), str(local_path(text))
    from lipsync_ray.storage.connect import connected

    address = parsed(text)
    return connected(address), address.path


def _scheme(text: str) -> str:
    match = _SCHEME.match(text)
    return match[1].lower() if match else ""


def _unknown(scheme: str) -> ConfigError:
    known = ", ".join(f"{name}://" for name in ("file", *SCHEMES))
    return ConfigError(f"{scheme}:// is not known; places are paths, or addresses that start with {known}")


def _refuse_secrets(scheme: str, authority: str, rest: str) -> None:
    azure = scheme.startswith("abfs")
    if ":" in authority or ("@" in authority and not azure) or authority.count("@") > 1:
        raise ConfigError(
            f"a {scheme}:// address holds a user or a password; put credentials into the environment"
        )
    if option := _OPTION.search(f"{authority}/{rest}"):
        if _SECRET.search(option[1]):
            raise ConfigError(
                f"a {scheme}:// address holds credentials ({option[1]}); put them into the environment"
            )
        raise ConfigError(
            f"a {scheme}:// address holds an option ({option[1]}); set the environment, such as AWS_REGION"
        )
