"""The command `check`: whether a recipe can be run, without running it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from cluster.session import IN_PROCESS
from pipelines.cli import json_output
from pipelines.cli.arguments import JsonFlag, RayOption, RecipeArg, print_result, read_recipe
from schemas.errors import RequestError

if TYPE_CHECKING:
    from rich.table import Table

    from pipelines.planning.check import Finding, Where

app = typer.Typer()


def where_for(ray: str | None) -> Where:
    """What this machine does in a run on `ray`: list sources and, unless Ray runs already, read."""
    from pipelines.planning.check import Where

    if ray in (None, IN_PROCESS):
        return Where()
    return Where(reads=False, ray=None if ray == "auto" else ray)


@app.command("check")
def check_command(recipe: RecipeArg, ray: RayOption = None, as_json: JsonFlag = False) -> None:
    """Check a recipe: keys, engines, packages, modes, folders and stores, rights, credentials.

    Takes about two seconds, starts no Ray and writes nothing. `run` and `plan` begin with this
    check.
    """
    from pipelines.planning.check import Finding, check_recipe, failed
    from workers import store

    findings: list[Finding]
    try:
        parsed = read_recipe(recipe)
    except RequestError as exc:
        findings = failed("recipe", exc)
    else:
        store.use_storage(parsed.storage)
        findings = [
            Finding("recipe", f"{recipe} is well formed"),
            *check_recipe(parsed, where_for(ray)),
        ]
    codes = [finding.error.exit_code for finding in findings if finding.error is not None]
    code = min(codes, default=0)
    result = {"recipe": str(recipe), "findings": list(map(_plain, findings)), "exit_code": code}
    print_result(result, as_json, lambda _: _table(findings))
    if code:
        raise typer.Exit(code)


def _plain(finding: Finding) -> dict[str, object]:
    error = finding.error
    problem = {"kind": json_output.kind_of(error), "message": str(error)} if error else None
    return {"field": finding.field, "found": finding.found or None, "problem": problem}


def _table(findings: list[Finding]) -> Table:
    from rich.table import Table

    from pipelines.cli.show.printed import as_printed

    table = Table(show_header=False, box=None, pad_edge=False)
    for finding in findings:
        state = "[red]✗[/]" if finding.error else "[green]✓[/]"
        table.add_row(state, finding.field, as_printed(str(finding.error or finding.found)))
    return table
