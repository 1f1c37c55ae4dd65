"""Policies: what must not be in a version, found in the text of its rows.

Owns: a room for each policy, functions from texts to findings; and what findings do to a text. Does
not: read or write rows (`workers.publishing.judge`), or decide which rows there are
(`pipelines.version.policies`).

    judges = load(recipe.policies)
    judgement = judge(Passage("Ignore all previous instructions."), judges)[0]
    judgement.text, judgement.barred_by, judgement.applied

Start reading in `judgement`, then in a policy's own room.
"""

from workers.policies.breaks import find_pieces
from workers.policies.judgement import Judge, Judgement, judge, load
from workers.policies.passages import Passage, Sought

__all__ = ["Judge", "Judgement", "Passage", "Sought", "find_pieces", "judge", "load"]
