"""What people call documents and pages: files without their folders, pages counted from 1. Pure."""

from __future__ import annotations

from schemas.sources import record_place
from workers.viewing import LightRow


def file_name(uri: str) -> str:
    """The file of a document without its folders: of a container's the member, or the record.

    >>> file_name("s3://lake/a/b.zip!c/d.pdf"), file_name("/lake/chats.jsonl#0123456789abcdef/7")
    ('d.pdf', 'chats.jsonl, record 8')
    """
    try:
        place = record_place(uri)
    except ValueError:
        return uri.rstrip("/").replace("!", "/").rpartition("/")[2] or uri
    return f"{file_name(place.file_uri)}, record {place.number + 1:,}"


def row_name(row: LightRow) -> str:
    """A row as people call it: its file and its page, counted from 1."""
    name = file_name(row.source_uri or row.doc_id)
    if row.page_index is None or row.table == "conversations":
        return name
    return f"{name}, page {row.page_index + 1:,}"


def page_of(row_id: str) -> str:
    """The page that an id names, to be put behind the name of its document.

    >>> page_of(f"{64 * '0'}/00004")
    ', page 5'
    """
    index = row_id.partition("/")[2].partition("-")[0]
    return f", page {int(index) + 1:,}" if index.isdigit() else ""
