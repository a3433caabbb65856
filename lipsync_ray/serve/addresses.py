"""Inputs named by URI: only those below a prefix that the operator has listed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lipsync_ray.errors import ConfigError
from lipsync_ray.serve.job import InputFile
from lipsync_ray.serve.problems import Problem
from lipsync_ray.storage.files import stat
from lipsync_ray.storage.uri import SCHEMES, is_remote, local_path, name_of, parsed

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")


def check_prefixes(prefixes: Sequence[str]) -> None:
    """Raises ConfigError: one of ``serve.inputs`` is no address of a store and no file:// path."""
    for prefix in prefixes:
        if is_remote(prefix):
            parsed(prefix.rstrip("/"))
        elif not prefix.startswith("file:///") or not local_path(prefix).is_absolute():
            raise ConfigError(f"serve.inputs: {prefix} must start with file:/// or one of {_known()}")


def input_of(uri: str, prefixes: Sequence[str]) -> InputFile:
    """The file behind a URI, which is looked for where it lies.

    Args:
        uri: ``s3://``, ``gs://``, ``abfs://`` or ``file:///``.
        prefixes: of ``serve.inputs``.

    Raises:
        Problem: it is not allowed; which files exist elsewhere is not told.
        LipsyncError: there is no such file, or its store does not answer.
    """
    scheme = _SCHEME.match(uri)
    name = scheme[1].lower() if scheme else ""
    if name in ("http", "https"):
        raise _refused("http:// addresses are not fetched: upload the file, or put it into a store")
    if name not in ("file", *SCHEMES) or not uri.isprintable():
        raise _refused(f"an input by URI must start with file:/// or one of {_known()}")
    if not prefixes:
        raise _refused("this service takes no URIs: upload the files")
    place = _file(uri, prefixes) if name == "file" else _object(uri, prefixes)
    return InputFile(name=name_of(place)[-200:], place=place, bytes=stat(place).size)


def _object(uri: str, prefixes: Sequence[str]) -> str:
    """An address in a store, as itself: stores know no ``..``, but their clients may."""
    try:
        address = parsed(uri)
    except ConfigError as error:
        raise _refused(str(error)) from error
    parts = address.key.split("/")
    if (
        not address.key
        or {".", ".."} & set(parts)
        or "%2e" in uri.lower()
        or "\\" in uri
        or set("*?[") & set(uri)
    ):
        raise _refused("the address names no single file")
    for prefix in filter(is_remote, prefixes):
        allowed = parsed(prefix.rstrip("/"))
        same = (allowed.scheme, allowed.bucket, allowed.account) == (
            *(address.scheme, address.bucket, address.account),
        )
        if same and (not allowed.key or f"{address.key}/".startswith(f"{allowed.key}/")):
            account = f"@{address.account}" if address.account else ""
            return f"{address.scheme}://{address.bucket}{account}/{address.key}"
    raise _outside()


def _file(uri: str, prefixes: Sequence[str]) -> str:
    """A file of this machine, with all links followed, which must lie below a prefix then too."""
    try:
        path = local_path(uri)
        real = path.resolve(strict=True)
    except (ConfigError, OSError, ValueError, RuntimeError):
        raise _outside() from None
    if ".." in path.parts or not path.is_absolute():
        raise _outside()
    for prefix in prefixes:
        if not is_remote(prefix) and real.is_relative_to(local_path(prefix).resolve()) and real.is_file():
            return str(real)
    raise _outside()


def _known() -> str:
    return ", ".join(f"{scheme}://" for scheme in SCHEMES)


def _outside() -> Problem:
    return _refused("there is no such file where inputs may lie (serve.inputs)")


def _refused(detail: str) -> Problem:
    return Problem(422, "URI", detail)
