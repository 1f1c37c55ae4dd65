"""The policy `pii`: personal data in texts and pictures, found and masked.

Owns: detectors, one module a family, each a function from a text to findings; placeholders in the
texts of a row; and where a value stands in a picture, painted over. Does not: say what the recipe
asks for (`schemas.personal`), or read and write rows.

    settings = Personal(default="mask")
    found = find_in_page(row["text"], row["blocks"], row["language"], settings)
    text, blocks = mask_page(row["text"], row["blocks"], found, settings.masked_kinds)
    regions = regions_of(row["text"], row["blocks"], found, settings.masked_kinds)
    painted = paint(row["image"]["bytes"], regions, read_lines, settings, recipe.raster)

`read_lines` is in `line_reader`, which loads an engine. Start reading in `finding`, then in
`painting`; the lists of words and forms are in `phone_words`, `identity_kinds` and `secret_forms`.
"""

from workers.policies.personal.finding import compact, find, find_all
from workers.policies.personal.masking import (
    Found,
    Masked,
    find_in_page,
    mask,
    mask_page,
)
from workers.policies.personal.names import Names, names_after
from workers.policies.personal.painting import (
    LineReader,
    Painted,
    own_format,
    paint,
    regions_of,
)
from workers.policies.personal.placing import Region

__all__ = [
    "Found",
    "LineReader",
    "Masked",
    "Names",
    "Painted",
    "Region",
    "compact",
    "find",
    "find_all",
    "find_in_page",
    "mask",
    "mask_page",
    "names_after",
    "own_format",
    "paint",
    "regions_of",
]
