"""Files: what they hold (by hash), and how one appears whole or not at all."""

from __future__ import annotations

from lipsync_ray.storage.whole import atomic_path, check_folder, content_hash

__all__ = ["atomic_path", "check_folder", "content_hash"]
