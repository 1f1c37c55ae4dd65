"""The command `evaluate`: how well an engine reads, and how far pages can be compressed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from cluster.session import IN_PROCESS, open_session
from pipelines.cli.arguments import JsonFlag, RayOrNoneOption, VerboseFlag, print_result
from pipelines.cli.check import where_for
from pipelines.cli.console import console, show_log
from pipelines.cli.option_groups import takes_groups
from schemas.errors import UNACCOUNTED, RequestError

if TYPE_CHECKING:
    from pipelines.evaluation.sources import SourceSettings
    from pipelines.evaluation.study import Report
    from pipelines.evaluation.study_pass import Request
    from schemas.recipe import EngineSpec
    from workers.evaluation.results import Study

app = typer.Typer()
evaluations = typer.Typer(
    no_args_is_help=True, help="Measure an engine on pages whose text is known."
)
app.add_typer(evaluations, name="evaluate")

SourceOption = Annotated[
    str,
    typer.Option(
        metavar="SOURCE",
        help="Where the pages come from: a published dataset (its pages that no engine read), a "
        "folder or glob of documents, a corpus of text (.parquet, .jsonl, .md, .txt), or a source "
        "as in a recipe, such as '{text: corpus.jsonl, preset: document}'.",
    ),
]
EdgeOption = Annotated[
    int,
    typer.Option(
        "--edge", min=64, max=8192, metavar="PX", help="Longest edge of a document's page image."
    ),
]
OutputOption = Annotated[
    str, typer.Option(metavar="DIR", help="The folder or URL to write the results to.")
]


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """Engine."""

    engine: Annotated[
        str, typer.Option(help="rapidocr, ppocr, transformers, vllm or endpoint.")
    ] = "rapidocr"
    model: Annotated[
        str | None,
        typer.Option(
            help="The checkpoint, for transformers and vllm: a Hub id or a folder. For endpoint, "
            "what the servers call it."
        ),
    ] = None
    revision: Annotated[str | None, typer.Option(help="The commit of the Hub id.")] = None
    profile: Annotated[
        str | None,
        typer.Option(help="The model's profile. The default is the one that fits the model."),
    ] = None
    task: Annotated[
        str | None,
        typer.Option(
            help="What the model is asked for; DeepSeek-OCR's paper uses `text`. The default is "
            "the profile's."
        ),
    ] = None
    urls: Annotated[
        list[str] | None,
        typer.Option(
            "--url", metavar="URL", help="A server of endpoint, such as http://host:8000/v1; again."
        ),
    ] = None
    key_env: Annotated[
        str | None, typer.Option(metavar="NAME", help="The variable that holds the servers' key.")
    ] = None


@dataclass(frozen=True, slots=True)
class PageOptions:
    """Pages."""

    pages: Annotated[
        int, typer.Option(min=1, metavar="N", help="How many pages to read at most.")
    ] = 200
    min_tokens: Annotated[
        int, typer.Option(min=1, metavar="N", help="Leave out pages of fewer text tokens.")
    ] = 1
    max_tokens: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Leave out pages of more text tokens.")
    ] = None

    @property
    def study(self) -> Study:
        """The study of these pages."""
        from workers.evaluation.results import Study

        return Study(min_tokens=self.min_tokens, max_tokens=self.max_tokens)


@dataclass(frozen=True, slots=True)
class ReplicaOptions:
    """Replicas."""

    ray: RayOrNoneOption = IN_PROCESS
    replicas: Annotated[
        int, typer.Option(min=1, metavar="N", help="How many engines read at once, on Ray.")
    ] = 1
    gpus_per_replica: Annotated[
        float, typer.Option(min=0, help="The GPUs that Ray reserves for each engine.")
    ] = 0


@evaluations.command(name="compression")
@takes_groups
def compression(
    source: SourceOption,
    engine: EngineOptions,
    pages: PageOptions,
    replicas: ReplicaOptions,
    modes: Annotated[
        str,
        typer.Option(
            metavar="LIST",
            help="Resolution modes, separated by commas. rapidocr and ppocr take those of "
            "DeepSeek-OCR (tiny, small, base, large, gundam, gundam-m), a model those of its "
            "profile.",
        ),
    ] = "tiny,small,base,large",
    edge: EdgeOption = 2048,
    output: OutputOption = "evaluation/compression",
    as_json: JsonFlag = False,
    verbose: VerboseFlag = False,
) -> None:
    """Read the same pages in several modes: precision against text tokens per vision token.

    Writes results.parquet (one row for each page and mode), compression.md (the table of
    DeepSeek-OCR's paper, beside the paper's own figures) and compression.png.
    """
    show_log(verbose)
    spec = engine_spec(engine)

    from pipelines.evaluation import study
    from pipelines.evaluation.sources import SourceSettings

    request = _request(SourceSettings(source, None, edge, "png"), spec, pages, replicas, output)
    with open_session(replicas.ray) as session:
        report = study.study_compression(request, modes, session, console)
    _end(report, as_json)


@evaluations.command(name="accuracy")
@takes_groups
def accuracy(
    source: SourceOption,
    engine: EngineOptions,
    pages: PageOptions,
    replicas: ReplicaOptions,
    truth: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            help="The folder with the ground truth. The text of x.pdf is in x.txt or x.md; the "
            "texts of its pages, counted from 1, are in x.0001.txt and so on. The default is the "
            "documents' text layers, where they are good.",
        ),
    ] = None,
    mode: Annotated[
        str | None, typer.Option(help="The model's mode. The default is the profile's.")
    ] = None,
    edge: EdgeOption = 1280,
    worst: Annotated[
        int, typer.Option(min=0, metavar="N", help="How many of the worst pages to show.")
    ] = 20,
    output: OutputOption = "evaluation/accuracy",
    as_json: JsonFlag = False,
    verbose: VerboseFlag = False,
) -> None:
    """Measure character and word error rates by script and document, and show the worst pages.

    Writes results.parquet (one row for each page), accuracy.md and accuracy.html.
    """
    show_log(verbose)
    spec = engine_spec(engine, mode)

    from pipelines.evaluation import study
    from pipelines.evaluation.sources import SourceSettings

    request = _request(SourceSettings(source, truth, edge, "jpeg"), spec, pages, replicas, output)
    with open_session(replicas.ray) as session:
        report = study.study_accuracy(request, worst, session, console)
    _end(report, as_json)


def _request(
    settings: SourceSettings,
    engine: EngineSpec,
    pages: PageOptions,
    replicas: ReplicaOptions,
    output: str,
) -> Request:
    """The request of a study. Raises RequestError if the engine cannot be had."""
    from pipelines.evaluation.study_pass import Request
    from workers.engines.requirements import examine_engine

    examine_engine(engine, is_here=where_for(replicas.ray).reads)
    return Request(
        settings,
        engine,
        pages.pages,
        pages.study,
        output,
        replicas.replicas,
        replicas.gpus_per_replica,
    )


def engine_spec(options: EngineOptions, mode: str | None = None) -> EngineSpec:
    """The engine that the options name. Raises RequestError with one line for each wrong option."""
    from pydantic import ValidationError

    from schemas.recipe import EngineSpec
    from schemas.recipe_errors import problems

    values = {
        "name": options.engine,
        "model": options.model,
        "revision": options.revision,
        "profile": options.profile,
        "task": options.task,
        "urls": options.urls or None,
        "key_env": options.key_env,
        "mode": mode,
    }
    try:
        return EngineSpec.model_validate(
            {name: value for name, value in values.items() if value is not None}
        )
    except ValidationError as exc:
        raise RequestError("\n".join(map(_of_option, problems(exc, EngineSpec)))) from exc


def _of_option(problem: str) -> str:
    """The message about a field, with the name of its option."""
    from schemas.recipe import EngineSpec

    field, colon, rest = problem.partition(": ")
    if not colon or field not in EngineSpec.model_fields:
        return f"--engine: {problem}"
    option = {"name": "engine", "urls": "url"}.get(field, field.replace("_", "-"))
    return f"--{option}: {rest}"


def _end(report: Report, as_json: bool) -> None:
    from pipelines.cli.show import study as show

    print_result(report, as_json, show.report)
    if report.crashed:
        raise typer.Exit(UNACCOUNTED)
