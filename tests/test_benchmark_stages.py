"""The benchmark of a page's cost names functions that exist, and gives them back as they were."""

from __future__ import annotations

from tests.benchmarks.stages import REST, STAGES, Meter, stages_timed
from workers.rasterising import drawing, render


def test_every_stage_is_timed_and_no_function_stays_changed() -> None:
    before = dict(vars(render)), dict(vars(drawing))
    meter = Meter()
    meter.start()
    with stages_timed(meter):
        assert render.first_read is not before[0]["first_read"]
    assert (dict(vars(render)), dict(vars(drawing))) == before
    assert set(meter.stop()) == {REST} <= {REST, *STAGES}
