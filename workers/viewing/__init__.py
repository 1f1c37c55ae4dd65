"""One version of a dataset for people who look at it: rows by filters and search, and all of a row.

Owns what `pagefoundry view` asks of a dataset, and keeps it fast: the small columns in memory, an
index of the texts in a folder of the user's cache, single rows and pictures read from their parts
as they are asked for. Writes nothing into the dataset. Knows no HTML and no HTTP.

    viewed = open_viewed("s3://lake/manuals")
    chosen = viewed.select(Filters.from_query({"language": "de", "order": "worst"}))
    for row in chosen.page(0, 48):
        viewed.thumbnail("pages", row.key, longest_edge_px=320)

Start reading in `viewed`, which brings the others together: `filters` and `selecting` choose rows,
`light` holds what they are chosen by, `stored` reads one row, `searching` finds words, `rejected`
shows what is not in the dataset, `notes` keeps what people say of pages.
"""

from workers.viewing.documents import RejectText, ViewedDocument
from workers.viewing.filters import FACETS, NONE, ORDERS, Filters
from workers.viewing.light import LightRow
from workers.viewing.notes import Note, Notes, Verdict, notes_path
from workers.viewing.rejected import Redrawn
from workers.viewing.searching import Looked, Snippet
from workers.viewing.selecting import FacetValue, Neighbours, Selection
from workers.viewing.stored import Picture
from workers.viewing.viewed import VersionLine, Viewed, open_viewed

__all__ = [
    "FACETS",
    "NONE",
    "ORDERS",
    "FacetValue",
    "Filters",
    "LightRow",
    "Looked",
    "Neighbours",
    "Note",
    "Notes",
    "Picture",
    "Redrawn",
    "RejectText",
    "Selection",
    "Snippet",
    "Verdict",
    "VersionLine",
    "Viewed",
    "ViewedDocument",
    "notes_path",
    "open_viewed",
]
