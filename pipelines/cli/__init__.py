"""The command line: one module for each family of commands, and `app`, which joins them.

Computes nothing: a command reads its arguments, calls a graph or a question about a dataset, and
prints what comes back. `show` draws results for people, `json_output` prints them for machines;
`shipping` and `job_log` carry a run to a cluster and its progress back. Start reading in `app`.
"""

from pipelines.cli.app import main

__all__ = ["main"]
