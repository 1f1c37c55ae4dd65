"""Rights: which documents a version leaves out because something is reserved for them."""

from __future__ import annotations

import numpy as np

from pipelines.version.records import Catalogue, Flags
from schemas.recipe import Recipe


def reserved_documents(recipe: Recipe, catalogue: Catalogue) -> Flags:
    """Which documents are left out, with one flag a document: none where the recipe keeps them."""
    documents = catalogue.documents
    if recipe.rights.reserved == "keep":
        return np.zeros(len(documents), bool)
    return np.array([document.provenance.reserved is not None for document in documents], bool)
