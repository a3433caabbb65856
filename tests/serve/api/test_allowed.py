from __future__ import annotations

from collections.abc import Mapping

from lipsync_ray.config import Config
from lipsync_ray.schema import list_keys
from lipsync_ray.serve.allowed import ALLOWED, DENIED, DENIED_GROUPS


def names(table: Mapping[str, tuple[str, ...]]) -> set[str]:
    return {f"{group}.{leaf}" if group else leaf for group, leaves in table.items() for leaf in leaves}


def test_every_option_is_allowed_or_denied() -> None:
    own = {key for key in list_keys(Config) if key.split(".")[0] not in DENIED_GROUPS}
    allowed, denied = names(ALLOWED), names(DENIED)
    assert not allowed & denied
    assert own - allowed - denied == set(), "decide whether jobs of the service may set these"
    assert (allowed | denied) - own == set(), "these options are no more"


def test_nothing_that_names_files_is_allowed() -> None:
    assert not {
        key for key in names(ALLOWED) if key.split(".")[-1] in ("file", "map", "dir", "folder", "reference")
    }
