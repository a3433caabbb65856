"""GET /v1/options."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from lipsync_ray.serve.api.models import OptionsShown
from lipsync_ray.serve.api.service import Here, Owner
from lipsync_ray.serve.api.told import problems
from lipsync_ray.serve.offers import offers

router = APIRouter(tags=["service"])


@router.get(
    "/v1/options", summary="What may be asked for", response_model=OptionsShown, responses=problems(401)
)
def get_options(owner: Owner, service: Here) -> JSONResponse:
    """Engines, presets, options that a job may set, and limits."""
    auth, consent = bool(service.tokens), service.desk.needs_consent
    return JSONResponse(offers(service.settings, auth=auth, consent=consent))
