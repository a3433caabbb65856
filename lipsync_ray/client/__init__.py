"""A client of the service: needs httpx, and nothing of what makes dubs.

``Client`` asks for dubs and fetches them, ``verify_callback`` is for who receives callbacks; docs/service.md
shows both.
"""

from lipsync_ray.client.asking import Patience
from lipsync_ray.client.callback import verify_callback
from lipsync_ray.client.client import Client
from lipsync_ray.client.job import RemoteJob
from lipsync_ray.errors import CallbackRefused, ServiceRefused, ServiceUnreachable

__all__ = [
    "CallbackRefused",
    "Client",
    "Patience",
    "RemoteJob",
    "ServiceRefused",
    "ServiceUnreachable",
    "verify_callback",
]
