"""Sources of documents: files, containers, and lists or indexes that name them."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from schemas.facts import Facts
from schemas.ids import canonical_json, digest
from schemas.links import Links
from schemas.part import ONE_OR_MORE, Location, Locations, Named, Part


class CrawlIndex(Part):
    """Which captures of a crawl are taken, where a source's files are the crawl's index."""

    base: Location = Field(
        description="The folder or URL below which the WARCs are that the index names, such as "
        "`s3://commoncrawl/`."
    )
    types: tuple[str, ...] = Field(
        default=("application/pdf",),
        description="Media types that are taken, as the crawl has detected them; `[]` for all.",
    )
    statuses: tuple[int, ...] = Field(
        default=(200,), description="HTTP status codes that are taken; `[]` for all."
    )
    languages: tuple[str, ...] = Field(
        default=(),
        description="Languages of which a capture has at least one, as three letters: `eng`.",
    )
    hosts: tuple[str, ...] = Field(
        default=(), description="Globs of host names that are taken, such as `*.example.org`."
    )
    requests_per_s: Annotated[float, Field(gt=0, le=10_000)] | None = Field(
        default=None,
        description="The most requests a second that the whole run sends to the crawl and to its "
        "index, on all machines together. By default there is no bound.",
    )


class Paths(Part):
    """How lists are read that name documents by their paths, or by the URLs of stores."""

    column: Location = Field(
        default="path",
        description="The field of JSON lines, or the column of Parquet files, that has the path. "
        "A plain text has one path a line; a line that begins with `#` is a comment.",
    )
    base: Location | None = Field(
        default=None,
        description="The folder or URL that relative paths are below. With it, what is not below "
        "it is refused. By default it is the folder of the list.",
    )


class DocumentSource(Named):
    """Documents in folders, by globs, local or on `s3://`, `gs://`, `az://`, `hf://`."""

    documents: Locations = Field(
        description="Folders, files or globs of documents: PDF, images, e-books, HTML, Markdown, "
        "office files; and of containers of them: tar, zip, WARC, mails. Links are followed."
    )
    members: Annotated[tuple[Location, ...], *ONE_OR_MORE] | None = Field(
        default=None,
        description="Globs of what is taken from containers, such as `scans/**/*.pdf`; in a WARC, "
        "of URLs. By default all that has the suffix of a document, and in a WARC all documents "
        "but web pages.",
    )
    column: Location | None = Field(
        default=None,
        description="The column of Parquet and Arrow files that holds documents, as bytes or as "
        "Hugging Face Images. With it, folders are searched for such files, too.",
    )
    facts: Facts | None = Field(
        default=None,
        description="Which columns of Parquet and Arrow files, or fields of lists of links, state "
        "where a document is from, such as `{license: licence, title: name}`.",
    )
    index: CrawlIndex | None = Field(
        default=None,
        description="The files are a crawl's index, in CDXJ lines or Common Crawl's Parquet; only "
        "the documents that it names are fetched from the crawl.",
    )
    links: Links | None = Field(
        default=None,
        description="The files are lists of links, as text, JSON lines or Parquet; the documents "
        "are fetched from there. `{}` takes the defaults.",
    )
    paths: Paths | None = Field(
        default=None,
        description="The files are lists of paths, as text, JSON lines or Parquet; each names a "
        "document or a container. `{}` takes the defaults.",
    )

    @model_validator(mode="after")
    def _check(self) -> DocumentSource:
        given = [name for name in ("links", "index", "paths") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(
                f"`{given[0]}` and `{given[1]}` cannot both say what the files are; give one"
            )
        if self.facts is not None and self.index is not None:
            raise ValueError("`facts` names columns of documents, and an `index` has none; drop it")
        if self.as_ is not None and self.paths is not None and self.paths.base is None:
            raise ValueError(
                "a list may name files anywhere, so `as` needs a folder to stand for; give "
                "`paths.base`, or leave `as` out"
            )
        return self

    @property
    def selection(self) -> str:
        """What is taken from containers, as 8 hex characters; empty where nothing is said."""
        fields = {"members": True, "column": True, "index": True}
        pace = {"index": {"requests_per_s"}}
        settings = self.model_dump(mode="json", include=fields, exclude=pace)
        if self.facts is not None and self.links is None:  # every run reads a list
            settings["facts"] = self.facts.columns
        if not any(settings.values()):
            return ""
        return digest([canonical_json(settings)])[:8]

    @property
    def mark(self) -> str:
        """What the version of a listed file ends in, so that another selection opens it again."""
        return f"#{self.selection}" if self.selection else ""
