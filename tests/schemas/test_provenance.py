"""Where a document is from, by the file in which it was found."""

from __future__ import annotations

from schemas.inventory import where_from
from schemas.provenance import NOTHING, Provenance
from schemas.shards import FETCHED, Member, SeenFile

PDF = Provenance(title="Kilns", license="CC-BY-4.0", license_from="document")


def test_a_file_has_no_container_and_a_link_has_its_url() -> None:
    assert where_from(PDF, SeenFile("/docs/a.pdf", 1, "1.0")) == PDF
    link = SeenFile("https://example.org/a.pdf", 1, f"{FETCHED}{'0' * 64}")
    assert where_from(PDF, link).url == "https://example.org/a.pdf"
    assert where_from(PDF, link).container is None


def test_a_record_of_a_crawl_has_its_url_and_date() -> None:
    name = "urn:uuid:1 https://example.org/a.pdf"
    member = Member(name, "warc", 0, 10, fetched="2026-01-02T03:04:05Z")
    found = where_from(PDF, SeenFile(f"/crawl.warc.gz!{name}", 1, "1.0", member))
    assert (found.container, found.url) == ("/crawl.warc.gz", "https://example.org/a.pdf")
    assert (found.fetched, found.title) == ("2026-01-02T03:04:05Z", "Kilns")


def test_the_documents_own_licence_comes_before_the_recipes() -> None:
    assert PDF.under("MIT") == PDF
    given = NOTHING.under("MIT")
    assert (given.license, given.license_from) == ("MIT", "recipe")
    assert given.under(None) == NOTHING
    assert (NOTHING.to_row(), Provenance.from_row(PDF.to_row())) == (None, PDF)


def test_the_document_speaks_first_and_what_either_reserves_counts() -> None:
    own = Provenance(title="Kilns", reserved="tdm-reservation")
    beside = Provenance(
        *(None, "https://example.org/kilns"),
        title="kilns.pdf", author="A. Potter", license="MIT", license_from="beside",
        reserved="noai; tdm-reservation",
    )  # fmt: skip
    found = where_from(own, SeenFile("/a.pdf", 1, "1.0", stated=beside))
    assert found == Provenance(
        url="https://example.org/kilns", title="Kilns", author="A. Potter", license="MIT",
        license_from="beside", reserved="tdm-reservation; noai",
    )  # fmt: skip
    assert where_from(PDF, SeenFile("/a.pdf", 1, "1.0", stated=beside)).license == "CC-BY-4.0"
    assert found.under("Apache-2.0") == found
