"""The command `evaluate`: how well an engine reads, and how far pages can be compressed."""

from __future__ import annotations

import logging
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console

from cluster.session import open_session
from pipelines.cli.arguments import JsonFlag, RayOption, VerboseFlag, print_result
from pipelines.cli.check import where_for
from pipelines.cli.show import study as show_evaluate
from pipelines.evaluation import study as evaluate
from pipelines.evaluation.sources import SourceSettings
from pipelines.evaluation.study import Report
from pipelines.evaluation.study_pass import Request
from schemas.errors import UNACCOUNTED, RequestError
from schemas.recipe import EngineSpec
from schemas.recipe_errors import problems
from workers.engines.requirements import examine_engine
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
        help="A published dataset (its pages that no engine read), a folder or glob of documents, "
        "a corpus of text (.parquet, .jsonl, .md, .txt), or a source as a recipe has it, such as "
        "'{text: corpus.jsonl, preset: document}'.",
    ),
]
EngineOption = Annotated[str, typer.Option(help="rapidocr, ppocr, transformers or vllm.")]
ModelOption = Annotated[
    str | None, typer.Option(help="The checkpoint, for transformers and vllm: a Hub id or folder.")
]
RevisionOption = Annotated[str | None, typer.Option(help="The commit of the Hub id.")]
ProfileOption = Annotated[
    str | None, typer.Option(help="The model's profile. By default the one that fits it.")
]
TaskOption = Annotated[
    str | None,
    typer.Option(
        help="What the model is asked for; `text` is the paper's. Default: the profile's."
    ),
]
PagesOption = Annotated[int, typer.Option(min=1, metavar="N", help="How many pages, at most.")]
EdgeOption = Annotated[
    int,
    typer.Option(
        "--edge", min=64, max=8192, metavar="PX", help="Longest edge of a document's page image."
    ),
]
MinTokensOption = Annotated[
    int, typer.Option(min=1, metavar="N", help="Leave out texts of fewer text tokens.")
]
MaxTokensOption = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="Leave out texts of more text tokens.")
]
OutputOption = Annotated[str, typer.Option(metavar="DIR", help="Where the results go.")]
ReplicasOption = Annotated[int, typer.Option(min=1, metavar="N", help="Engines at once, on Ray.")]
GpusOption = Annotated[
    float, typer.Option("--gpus-per-replica", min=0, help="What Ray sets aside for each engine.")
]


@evaluations.command(name="compression")
def compression(
    source: SourceOption,
    modes: Annotated[
        str,
        typer.Option(
            metavar="LIST",
            help="Resolution modes. For rapidocr and ppocr those of DeepSeek-OCR: tiny, small, "
            "base, large, gundam, gundam-m; for a model those of its profile.",
        ),
    ] = "tiny,small,base,large",
    engine: EngineOption = "rapidocr",
    model: ModelOption = None,
    revision: RevisionOption = None,
    profile: ProfileOption = None,
    task: TaskOption = None,
    pages: PagesOption = 200,
    min_tokens: MinTokensOption = 1,
    max_tokens: MaxTokensOption = None,
    edge: EdgeOption = 2048,
    output: OutputOption = "evaluation/compression",
    ray: RayOption = "in-process",
    replicas: ReplicasOption = 1,
    gpus_per_replica: GpusOption = 0,
    as_json: JsonFlag = False,
    verbose: VerboseFlag = False,
) -> None:
    """Read the same pages in several modes: precision against text tokens per vision token.

    Writes results.parquet (a row a page and mode), compression.md (the table of DeepSeek-OCR's
    paper, with the paper's own figures) and compression.png.
    """
    _log(verbose)
    spec = engine_spec(engine, model, revision, profile, task)
    settings = SourceSettings(source, None, edge, "png")
    study = Study(min_tokens=min_tokens, max_tokens=max_tokens)
    examine_engine(spec, is_here=where_for(ray).reads)
    request = Request(settings, spec, pages, study, output, replicas, gpus_per_replica)
    with open_session(ray) as session:
        done = evaluate.study_compression(request, modes, session, Console(stderr=True))
    _end(done, as_json)


@evaluations.command(name="accuracy")
def accuracy(
    source: SourceOption,
    truth: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            help="Ground truth: of x.pdf the text in x.txt or x.md, or those of its pages, counted "
            "from 1, in x.0001.txt and so on. By default documents' text layers, where good.",
        ),
    ] = None,
    engine: EngineOption = "rapidocr",
    model: ModelOption = None,
    revision: RevisionOption = None,
    profile: ProfileOption = None,
    task: TaskOption = None,
    mode: Annotated[str | None, typer.Option(help="The model's mode; by default its own.")] = None,
    pages: PagesOption = 200,
    min_tokens: MinTokensOption = 1,
    max_tokens: MaxTokensOption = None,
    edge: EdgeOption = 1280,
    worst: Annotated[
        int, typer.Option(min=0, metavar="N", help="How many of the worst pages to show.")
    ] = 20,
    output: OutputOption = "evaluation/accuracy",
    ray: RayOption = "in-process",
    replicas: ReplicasOption = 1,
    gpus_per_replica: GpusOption = 0,
    as_json: JsonFlag = False,
    verbose: VerboseFlag = False,
) -> None:
    """Character and word error rates by script and by document, and the worst pages to look at.

    Writes results.parquet (a row a page), accuracy.md and accuracy.html.
    """
    _log(verbose)
    spec = engine_spec(engine, model, revision, profile, task, mode)
    settings = SourceSettings(source, truth, edge, "jpeg")
    study = Study(min_tokens=min_tokens, max_tokens=max_tokens)
    examine_engine(spec, is_here=where_for(ray).reads)
    request = Request(settings, spec, pages, study, output, replicas, gpus_per_replica)
    with open_session(ray) as session:
        done = evaluate.study_accuracy(request, worst, session, Console(stderr=True))
    _end(done, as_json)


def engine_spec(
    engine: str,
    model: str | None,
    revision: str | None = None,
    profile: str | None = None,
    task: str | None = None,
    mode: str | None = None,
) -> EngineSpec:
    """The engine that the options name. Raises RequestError, one line a wrong option."""
    given = {
        "name": engine, "model": model, "revision": revision, "profile": profile, "task": task,
        "mode": mode,
    }  # fmt: skip
    try:
        return EngineSpec.model_validate({k: v for k, v in given.items() if v is not None})
    except ValidationError as exc:
        raise RequestError("\n".join(map(_of_option, problems(exc, EngineSpec)))) from exc


def _of_option(problem: str) -> str:
    """A problem of a field as one of the option that gives it."""
    field, colon, rest = problem.partition(": ")
    if not colon or field not in EngineSpec.model_fields:
        return f"--engine: {problem}"
    return f"--{'engine' if field == 'name' else field}: {rest}"


def _end(done: Report, as_json: bool) -> None:
    print_result(done, as_json, show_evaluate.report)
    if done.crashed:
        raise typer.Exit(UNACCOUNTED)


def _log(verbose: bool) -> None:
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
