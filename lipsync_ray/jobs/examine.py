"""The first steps of a job: is it possible at all, and what do its files hold."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from lipsync_ray.config import Config
from lipsync_ray.errors import LipsyncError
from lipsync_ray.folders import private_folder
from lipsync_ray.inputs import Inputs, open_inputs
from lipsync_ray.jobs.bench import Bench
from lipsync_ray.jobs.choosing import check_references
from lipsync_ray.jobs.given import hash_files
from lipsync_ray.jobs.places import JobSpec, here, named
from lipsync_ray.jobs.site import Site


@dataclass(frozen=True, slots=True, kw_only=True)
class Examine:
    """Read the times of all frames and the hashes of all files."""

    spec: JobSpec

    def run(self, bench: Bench) -> Inputs:
        """What the files hold; its paths are the places that the job names."""
        return self.look(bench.site)

    def look(self, site: Site) -> Inputs:
        """The same, for a process that is no worker."""
        with ExitStack() as stack:
            config = here(self.spec.config, site, stack)
            workspace = stack.enter_context(private_folder())
            with naming_places(copies(config, self.spec.config)):
                inputs = open_inputs(config, workspace)
                check_references(self.spec.config, config)
                given = hash_files(self.spec.config, config, self.spec.told, inputs)
        return replace(inputs, table=replace(inputs.table, path=self.spec.config.video), given=given)


def copies(local: Config, given: Config) -> dict[str, str]:
    """The places that a job names, by the paths of their copies on this machine."""
    pairs = zip(named(local), named(given), strict=True)
    return {path: place for path, place in pairs if path != place}


@contextmanager
def naming_places(places: dict[str, str]) -> Iterator[None]:
    """Let errors tell the places that a job names, not those of copies."""
    try:
        yield
    except LipsyncError as error:
        text = str(error)
        for path, place in places.items():
            text = text.replace(path, place)
        error.args = (text,)
        raise
