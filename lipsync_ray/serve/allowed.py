"""Which options a job of the service may set, and what it may set them to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from lipsync_ray.config import Config
from lipsync_ray.errors import ConfigError
from lipsync_ray.kinds import describe, is_text, suggest
from lipsync_ray.schema import find_kind, list_keys
from lipsync_ray.speakers.settings import LEAVE
from lipsync_ray.speakers.who import parse_who

_RATE = re.compile(r"\d{1,4}(\.\d{1,6})?|\d{1,6}/[1-9]\d{0,5}")
# A job must not grow by its options alone.
MOST_RATE = 120  # frames per second
MOST_DELAY_MS = 60_000

# Every option of Config is in one of these two; a test holds them against it. Denied is what names files or
# hosts, what decides how much of the machine a job takes, and what is the operator's to say.
ALLOWED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "audio": ("fade_ms", "keep_other"),
        "blend": ("mask", "levels", "feather", "grow"),
        "encode": ("codec", "crf", "preset", "audio_codec", "audio_bitrate_k", "copy_untouched"),
        "engine": (
            *("join_cost", "max_holds", "max_yaw", "crossfade", "layered", "min_frames"),
            *("min_aperture_range", "pads", "nosmooth", "box", "checkpoint", "upstream_exact"),
            *("exp_img", "up_face", "stabilize", "enhance_reference", "seed"),
        ),
        "enhance": ("name", "version", "strength", "seed", "min_face", "region", "tiles"),
        "face": (
            *("detector", "select", "point", "box", "likeness", "min_score", "min_size", "max_yaw"),
            *("occlusion", "stride", "margin"),
        ),
        "keep": ("audio", "subtitles", "chapters", "metadata"),
        "preset": ("resize_factor", "every"),
        "preview": ("kind", "at", "seconds", "frames", "overlay"),
        "provenance": ("visible_mark",),
        "quality": (
            *("enabled", "max_offset_ms", "min_r", "min_closed", "max_rest", "max_jitter", "max_jump"),
            *("min_sharpness", "min_psnr", "lse", "retry", "retry_margin", "retry_engine"),
        ),
        "speakers": ("rows",),
        "speech": ("name", "adapt"),
        "sync": ("mode", "fps_mode", "fps", "delay_ms", "offset"),
    }
)
DENIED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "": ("video", "out", "log", "debug"),
        "audio": ("file", "drive", "segments"),
        "batch": ("max_attempts", "ahead", "ledger_s"),
        "cache": ("enabled", "dir", "keep_days", "shared", "copies_dir", "copies_gb"),
        "chunk": ("seconds", "overlap", "batch", "max_attempts", "timeout_s", "on_error"),
        "compute": ("device", "dtype", "channels_last", "compile", "batch"),
        "cost": ("usd_per_gpu_hour",),
        "encode": ("threads",),
        "engine": ("name", "max_units", "max_bank_mb", "candidates"),  # the name is a field of its own
        "face": ("reference", "max_faces"),
        "license": ("policy",),
        "media": ("reader", "static"),
        "policy": ("require_consent", "consent"),  # the consent is a field of its own
        "provenance": ("mode", "key", "certificate", "timestamp_url"),
        "ray": (
            *("cluster", "workers", "num_cpus", "gpu_cpus", "num_gpus", "recycle_after"),
            *("stuck_factor", "straggler_factor"),
        ),
        "speakers": ("map",),
        "weights": ("folder", "dir", "verify", "offline"),
    }
)
DENIED_GROUPS = ("serve", "limits")


def allowed_options() -> tuple[str, ...]:
    """Dotted names that a job may set: those of the list that this version has, in the order of Config."""
    return tuple(key for key in list_keys(Config) if _listed(key))


def check_options(options: Mapping[str, Any], engines: tuple[str, ...]) -> None:
    """Check names and kinds of options; whether values are right is for ``load_config`` to say.

    Args:
        options: by their dotted names, values as JSON has them.
        engines: that may be asked for.

    Raises:
        ConfigError: one is not to be set by a job, or names a file, or is written as text and is no text.
    """
    for key, value in options.items():
        if not _listed(key) or key not in list_keys(Config):
            raise ConfigError(f"{key[:80]} cannot be set by a job{suggest(key[:80], allowed_options())}")
        if "${" in str(value):
            raise ConfigError(f"{key}: ${{...}} has no meaning here")
        _check_kind(key, value, str(options.get("engine", engines[0])))
        _check_value(key, value, engines)


def _listed(key: str) -> bool:
    group, _, leaf = key.rpartition(".")
    return leaf in ALLOWED.get(group, ())


def _check_kind(key: str, value: Any, engine: str) -> None:
    kind = find_kind(Config, key, {"engine": engine})
    if isinstance(value, str) and not is_text(kind) and not _takes_word(kind, value):
        # Text would go through the grammar of the command line, which is not for strangers.
        raise ConfigError(f"{key}={value[:80]!r} is text; expected {describe(kind)}")


def _takes_word(kind: Any, value: str) -> bool:
    """Whether one of several kinds takes just this word, as ``auto`` besides numbers."""
    return value.isidentifier() and value in str(kind)


def _check_value(key: str, value: Any, engines: tuple[str, ...]) -> None:
    if key == "engine.exp_img" and value not in ("neutral", "smile"):
        raise ConfigError(f"{key}: expected neutral or smile; a picture cannot be named here")
    if key == "quality.retry_engine" and value is not None and value not in engines:
        raise ConfigError(f"{key}: expected one of {', '.join(engines)}")
    if key == "sync.fps" and value is not None:
        _check_rate(key, value)
    if key == "sync.delay_ms" and not _is_short(value):
        raise ConfigError(f"{key}={str(value)[:20]}: expected milliseconds, {MOST_DELAY_MS} at most")
    if key == "speakers.rows":
        _check_rows(key, value)


def _is_short(value: Any) -> bool:
    return isinstance(value, int | float) and abs(value) <= MOST_DELAY_MS


def _check_rate(key: str, value: Any) -> None:
    # Not only a limit: a text such as 1e999999999 would be worked out, digit by digit.
    if not _RATE.fullmatch(str(value)) or Fraction(str(value)) > MOST_RATE:
        raise ConfigError(
            f"{key}={str(value)[:20]}: expected a rate such as 25 or 30000/1001, {MOST_RATE} at most"
        )


def _check_rows(key: str, value: Any) -> None:
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise ConfigError(f"{key}: expected a list of rows, as [{{speaker, face, start, end, audio}}]")
    for row in value:
        if row.get("audio") not in (None, LEAVE):
            raise ConfigError(f"{key}: a file cannot be named as audio; {LEAVE} is all that a row may say")
        face = row.get("face")
        if isinstance(face, str) and face and parse_who(face).kind == "reference":
            raise ConfigError(f"{key}: a picture cannot be named as face; write its number or place")
