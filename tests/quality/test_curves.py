"""The curves of a dub as numbers, in its report."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np

from lipsync_ray.quality.curves import embedded
from tests.quality.made import make_seen


def test_each_curve_has_an_entry_per_frame_in_eye_distances() -> None:
    seen = make_seen(2500)
    element = embedded(seen)
    found = json.loads(element[element.index(">") + 1 : element.rindex("<")])
    assert {len(values) for values in found.values()} == {2500}
    np.testing.assert_allclose(found["seen"], seen.aperture, atol=1e-4)
    np.testing.assert_allclose(found["wanted"], seen.aim.wanted[:, 0], atol=1e-4)
    np.testing.assert_allclose(found["time"], seen.times, atol=1e-4)
    assert found["touching"] == seen.aim.touching.tolist()


def test_the_page_holds_json_that_any_reader_takes() -> None:
    seen = make_seen(100)
    mouth = seen.looks.mouth.copy()
    mouth[7] = np.nan
    assert 'id="curves-2"' in embedded(seen, 2)  # of a second person on the page
    element = embedded(replace(seen, looks=replace(seen.looks, mouth=mouth)))
    found = re.fullmatch(r'<script type="application/json" id="curves">(.*)</script>', element)
    assert found is not None
    plain = json.loads(found[1], parse_constant=lambda name: float("inf"))  # NaN is no JSON
    assert plain["seen"][7] is None
    assert np.isfinite([value for value in plain["seen"] if value is not None]).all()
