"""Studies of engines: read pages whose text is known, and compare.

    request = Request(SourceSettings("corpus", None, 1280, "jpeg"), engine, 200, Study(), "results")
    with open_session("in-process") as session:
        report = study_accuracy(request, 20, session, Console(stderr=True))
    print(report.groups)

Owns the graph of a study; the measures and the pages' truths are `workers.evaluation`. Start
reading in `study`; `study_pass` reads the pages that `sources` finds.
"""

from pipelines.evaluation.sources import SourceSettings
from pipelines.evaluation.study import Report, study_accuracy, study_compression
from pipelines.evaluation.study_pass import Request

__all__ = ["Report", "Request", "SourceSettings", "study_accuracy", "study_compression"]
