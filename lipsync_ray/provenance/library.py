"""The C2PA library, which is loaded when something is signed or checked, and asked for no network."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

from lipsync_ray.errors import DependencyMissing

# What a certificate may be for, to sign content: C2PA's own purpose, which the library does not know by
# default, and those of old standing (documents, e-mail, time stamps, OCSP answers).
_PURPOSES = ("1.3.6.1.4.1.62558.2.1", *(f"1.3.6.1.5.5.7.3.{number}" for number in (36, 4, 8, 9)))


def c2pa_library() -> Any:
    """The module ``c2pa``. Raises DependencyMissing: it, or what makes keys, does not import here."""
    try:
        importlib.import_module("cryptography")
        return importlib.import_module("c2pa")
    except (ImportError, OSError, RuntimeError) as error:
        raise DependencyMissing(
            f"content credentials need c2pa-python and cryptography, which do not import ({error}); "
            "pip install c2pa-python cryptography, or choose provenance=off"
        ) from error


def open_context(anchors: Sequence[bytes] = ()) -> Any:
    """A context for one builder or reader, to be closed; it trusts what ``anchors`` (PEM) have issued.

    Addresses that a manifest names are never fetched.
    """
    library = c2pa_library()
    settings: dict[str, Any] = {
        "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_trust": True},
        "builder": {"thumbnail": {"enabled": False}},
    }
    settings["trust"] = {"trust_config": "\n".join(_PURPOSES)}
    if anchors:
        settings["trust"]["user_anchors"] = b"".join(anchors).decode()
    return library.Context(settings=library.Settings.from_dict(settings))
