"""The job graphs `run`, `inventory`, `read` and `publish`, one page each, and what is behind them.

Owns the order of work: which steps run, on what, and when a version is committed. What one step
does in one process is in `workers`, how tasks run on Ray in `cluster`.

    with open_session(IN_PROCESS) as session:
        report = run(parse_recipe(text), session, Console())

Start reading in `run`, which calls the other three. Behind them: `steps` (the steps of a chain and
their settings), `version` (which rows a version has, and how they are written), `dataset`
(questions to a published dataset), `planning`, `evaluation` and `cli`.
"""
