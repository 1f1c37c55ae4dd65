"""Checks in a moment whether a checkpoint can find people, and pins it. Loads no model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from schemas.errors import NoEngineError
from schemas.ids import canonical_json, digest
from schemas.personal import People
from workers.engines.checkpoint import Checkpoint, find_checkpoint
from workers.text_models.checkpoint import revision_of

FIELD = "pii.people.model"
_OUTSIDE = "O"


@dataclass(frozen=True, slots=True)
class PinnedPeople:
    """Settings whose model is known: `revision` is a Hub commit, or the digest of a folder."""

    people: People
    revision: str

    @property
    def digest(self) -> str:
        """What is found depends on the text and on this: 16 hex characters. Not on the place of the
        model, so moving it finds nothing again."""
        fields = self.people.model_dump(mode="json", exclude={"model", "revision"})
        return digest([canonical_json(fields | {"revision": self.revision})])[:16]


def pin_people(people: People) -> PinnedPeople:
    """The settings with the revision of their model.

    Raises NoEngineError where the model is a folder that is not here.
    """
    return PinnedPeople(people, revision_of(people, "pii.people"))


def find_people_checkpoint(settings: People) -> Checkpoint:
    """The checkpoint that the recipe names.

    Raises NoEngineError where there is none, it labels no tokens, or a label is missing.
    """
    checkpoint = find_checkpoint(settings, "pii.people")
    named = checkpoint.config.get("id2label")
    labels = map(str, named.values()) if isinstance(named, Mapping) else ()
    if not any(name.endswith("ForTokenClassification") for name in checkpoint.architectures):
        raise NoEngineError(
            f"{FIELD}: {settings.model} labels no tokens: its architecture is "
            f"{', '.join(checkpoint.architectures) or 'not named'}, not one that ends in "
            "ForTokenClassification"
        )
    has = {name.removeprefix("B-").removeprefix("I-") for name in labels}
    lacking = sorted(set(settings.labels) - has)
    if lacking:
        raise NoEngineError(
            f"pii.people.labels: {settings.model} has no label {', '.join(lacking)}; "
            f"it has {', '.join(sorted(has - {_OUTSIDE}))}"
        )
    return checkpoint
