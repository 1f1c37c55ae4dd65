"""The command line: one module for each family of commands, and `app`, which joins them.

Computes nothing: a command reads its arguments, calls a graph or a question about a dataset, and
prints what comes back. `show` draws results for people, `json_output` prints them for machines;
`shipping` and `job_log` carry a run to a cluster and its progress back. Start reading in `app`.
"""

__all__ = ["main"]


def main() -> None:
    """Entry point of the command `pagefoundry`."""
    # A process that rasterises imports the script of the command that started it, and with that
    # all that the script imports: no command is among it.
    from pipelines.cli.app import main as run_command

    run_command()
