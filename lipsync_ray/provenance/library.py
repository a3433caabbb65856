"""The C2PA library, which is loaded when something is signed or checked, and asked for no network."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

from lipsync_ray.errors import DependencyMissing
from lipsync_ray.provenance.certificates import PURPOSES

LEAF_KB = 4 << 10  # each adds 34 bytes to the manifest


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
        "core": {
            # A file up to so large it copies into memory, a larger one to the disk; its own limit is 512.
            "backing_store_memory_threshold_in_mb": 1,
            # What an .mp4 plays is hashed so much at a time: by its own choice the library has up to 512 MB
            # of it in memory. All hashes are in the manifest, as proofs would be boxes outside of what is
            # signed (``provenance.outside``).
            "merkle_tree_chunk_size_in_kb": LEAF_KB,
            "merkle_tree_max_proofs": 0,
        },
    }
    settings["trust"] = {"trust_config": "\n".join(PURPOSES)}
    if anchors:
        settings["trust"]["user_anchors"] = b"".join(anchors).decode()
    return library.Context(settings=library.Settings.from_dict(settings))
