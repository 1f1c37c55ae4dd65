from __future__ import annotations

from schemas.decontaminate import Benchmark
from workers.policies.decontamination import Item, build_index
from workers.policies.decontamination.candidates import Candidate, candidates
from workers.policies.decontamination.letters import letters_of

TEXT = "the clerk wrote name and tons of each ship that came into the old harbour"
INDEX = build_index(
    [
        Item("a", "1", (("text", TEXT),)),
        Item("a", "2", (("text", "the keeper of Harl Sluice Gate"),)),
    ],
    [Benchmark(name="a", file=("a.txt",))],
)


def found(*texts: str) -> list[Candidate]:
    return candidates(INDEX, letters_of(texts))


def test_the_stretch_of_a_candidate_holds_the_whole_part() -> None:
    length = len(TEXT.replace(" ", ""))
    (one,) = found("no", 30 * "zyx" + TEXT[20:])
    assert (one.text, one.part) == (1, 0)
    assert one.start <= 90 - length + len(TEXT[20:].replace(" ", ""))
    assert one.end >= 90 + length


def test_texts_are_not_joined() -> None:
    assert [one.part for one in found("the keeper of Harl Sluice Gate")] == [1]
    assert found("the keeper ", "of Harl Sluice Gate") == []


def test_one_short_phrase_is_no_candidate() -> None:
    assert found("that came into the older house") == []
    assert len(found("each ship that came into the old harbour")) == 1


def test_a_text_that_holds_a_part_twice_has_two_candidates() -> None:
    assert len(found(TEXT + 200 * " xyz" + TEXT)) == 2
    assert len(found(TEXT + TEXT)) == 1
