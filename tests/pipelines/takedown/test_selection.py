"""Documents are found by their ids and by every address at which they were seen."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.takedown.selection import Addresses, Seen, wanted_of
from schemas.errors import RequestError
from schemas.shards import Member, SeenFile

FIRST, SECOND, THIRD = ("1" * 64, "2" * 64, "3" * 64)
PLACE = "#0123456789abcdef/7"


def found(addresses: list[str], *seen: Seen) -> tuple[frozenset[str], tuple[str, ...]]:
    looking = Addresses(addresses)
    for each in seen:
        looking.look_at(each)
    return looking.found(), looking.unmatched()


def file(uri: str, member: str | None = None, listed: str | None = None) -> SeenFile:
    place = Member(member, "tar", 0, 9, listed=listed) if member is not None else None
    return SeenFile(uri, 9, "1", place)


@pytest.mark.parametrize(
    ("address", "is_meant"),
    [
        ("/a/big.tar", True),
        ("/a/*.tar", True),
        ("/a/big.tar!deep/one.pdf", True),
        ("/a/big.tar!deep/*", True),
        ("/lists/crawl.cdxj", True),
        ("/a/big.tar!deep", False),
        ("deep/one.pdf", False),
        ("/a/big", False),
    ],
)
def test_a_member_is_found_by_its_own_address_and_its_containers(
    address: str, is_meant: bool
) -> None:
    member = file("/a/big.tar!deep/one.pdf", "deep/one.pdf", "/lists/crawl.cdxj")
    plain = Seen(SECOND, [file("/a/big.tar!not-a-member.pdf")], None)
    assert found([address], Seen(FIRST, [member], None), plain)[0] == {FIRST} & {
        FIRST if is_meant else ""
    }


@pytest.mark.parametrize(
    ("address", "uri", "media_type"),
    [
        ("/a/b.pdf", "/a/b.pdf", "application/pdf"),
        ("/a/*.pdf", "/a/b.pdf", "application/pdf"),
        ("/a/**", "/a/b/c/d.pdf", None),
        ("manuals/b.pdf", "manuals/b.pdf", "application/pdf"),
        ("manuals/*", "manuals/b.pdf", "application/pdf"),
        ("s3://x/y/**/*.pdf", "s3://x/y/z/b.pdf", "application/pdf"),
        ("s3a://x/b.pdf", "s3://x/b.pdf", "application/pdf"),
        (f"/a/chats.jsonl{PLACE}", f"/a/chats.jsonl{PLACE}", "made/conversations"),
        ("/a/chats.jsonl", f"/a/chats.jsonl{PLACE}/a%20name", "made/conversations"),
        ("/a/*.jsonl", f"/a/chats.jsonl{PLACE}", "made/conversations"),
        ("/old/scan.pdf", f"/d/part.parquet{PLACE}/id%20%2Fold%2Fscan.pdf", "made/dataset"),
    ],
)
def test_an_address_finds_its_document(address: str, uri: str, media_type: str | None) -> None:
    first = file("/elsewhere/x.pdf" if media_type is None else uri)
    seen = Seen(FIRST, [first, file(uri)], media_type)
    assert found([address], seen) == ({FIRST}, ())


def test_a_glob_does_not_cross_folders_and_a_name_is_no_prefix() -> None:
    seen = Seen(FIRST, [file("/a/b/c.pdf")], "application/pdf")
    for address in ("/a/*.pdf", "/a/b", "/a/b/c", "c.pdf", "/a/b/C.pdf"):
        assert found([address], seen) == (frozenset(), (address,))


def test_an_address_that_is_there_as_written_is_no_glob() -> None:
    seen = [Seen(FIRST, [file("/a/[b].pdf")], None), Seen(SECOND, [file("/a/b.pdf")], None)]
    assert found(["/a/[b].pdf"], *seen) == ({FIRST}, ())
    assert found(["/a/[b].pdf"], seen[1]) == ({SECOND}, ())


def test_lines_are_ids_or_addresses() -> None:
    wanted = wanted_of(
        [FIRST.upper()], ["/a.pdf"], ["", f"  {SECOND}", "/b.pdf\r", "/a.pdf", THIRD[1:]]
    )
    assert wanted.ids == {FIRST, SECOND}
    assert wanted.addresses == ("/a.pdf", "/b.pdf", THIRD[1:])


@pytest.mark.parametrize(
    ("doc_ids", "message"),
    [
        ([FIRST[1:]], "that has 64 hex digits"),
        ([f"{FIRST}/00000"], "it is the part before the slash"),
        ([], "give --doc, --url or --list"),
    ],
)
def test_what_names_no_document_is_refused(doc_ids: list[str], message: str) -> None:
    with pytest.raises(RequestError, match=message):
        wanted_of(doc_ids, [])


def test_a_pattern_that_is_no_glob_is_refused() -> None:
    with pytest.raises(RequestError, match=re.escape("'/a/**b' is not a glob")):
        Addresses(["/a/**b"])


NAMES = st.text("ab/*?[]#.", min_size=1, max_size=8).map(lambda name: f"/{name}")


@given(st.lists(NAMES, min_size=1, max_size=4, unique=True), st.data())
def test_each_document_is_found_by_its_own_name_and_no_other(names, data) -> None:
    seen = [Seen(str(n) * 64, [file(name)], None) for n, name in enumerate(names)]
    asked = data.draw(st.sampled_from(range(len(names))))
    try:
        ids, unmatched = found([names[asked]], *seen)
    except RequestError:
        return  # a name that is no glob either, such as one with `**a`
    assert (ids, unmatched) == ({str(asked) * 64}, ())
