"""Which weight files a job with these settings needs, and no others."""

from __future__ import annotations

from lipsync_ray.engines.video_retalking.settings import VideoReTalkingSettings


def weights_for(settings: VideoReTalkingSettings) -> tuple[str, ...]:
    """Names in the weights registry."""
    names = ["vrt_lnet", "vrt_enet"]
    if settings.stabilize:
        names += ["vrt_dnet", "vrt_face3d", "vrt_bfm"]
        if settings.exp_img in ("neutral", "smile"):
            names.append("vrt_expression")
    if settings.up_face != "original":
        names.append("vrt_ganimation")
    if settings.stabilize and (settings.enhance_reference or settings.upstream_exact):
        names.append("gpen")
    if settings.upstream_exact:
        names += ["gfpgan_v1.3", "parsenet"]
    return tuple(names)
