"""Questions to a published dataset, and its upkeep.

Owns what reads a dataset back: its overview, the difference of two versions, the proof of the
ledger, a gallery; and what removes files that no version needs. Also `state`, what a run must know
before it begins, and `staged`, what lies in staging. Makes no version: that is `pipelines.version`.

    with open_session(IN_PROCESS) as session:
        verdict = verify_dataset("data", session)
    for problem in verdict.problems:
        print(problem)

Start reading in `state`, then `verify`. Import the modules by name: each command needs one of them.
"""
