"""The console of a command: stderr, for progress and log lines; stdout is for results."""

from __future__ import annotations

import logging

from rich.console import Console

console = Console(stderr=True)


def print_plain(line: str) -> None:
    """Print a line as it is: never wrapped, and brackets in a name are not taken for markup."""
    console.print(line, soft_wrap=True, markup=False, highlight=False)


class _ConsoleHandler(logging.Handler):
    """Prints log records on the console, above a live bar where there is one."""

    def emit(self, record: logging.LogRecord) -> None:
        print_plain(self.format(record))


def show_log(verbose: bool) -> None:
    """Show warnings; when `verbose`, also a line for each finished shard and each retry."""
    from cluster.progress import TIME_FORMAT

    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        datefmt=TIME_FORMAT,
        handlers=[_ConsoleHandler()],
    )
