"""Conversations: parsing turns, aging them, and the images and messages made of them."""

from __future__ import annotations

import io
import itertools
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from schemas.conversations import LONGEST_EDGE_PX, ConversationSource, Fade, image_tokens
from schemas.errors import DocumentError
from schemas.pages import Conversation
from schemas.recipe import Raster
from schemas.typography import space
from workers.synthetic.conversations.fading import fade
from workers.synthetic.conversations.turns import (
    ChatTurn,
    from_content,
    parse_turns,
    passages,
    to_content,
    transcript,
)
from workers.synthetic.corpora.reading import Corpus, Record, read_records
from workers.synthetic.making import chance
from workers.synthetic.text.typography import sample
from workers.text.measures import count_tokens

PAGE = "ab" * 32 + "/00000"
PROSE = "The river rose in the night and the bridge at the mill was gone by morning. " * 4
CHINESE = "河水在夜里上涨，磨坊旁的桥在早晨之前就被冲走了。" * 12
texts = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=80)
turns = st.lists(
    st.builds(ChatTurn, st.sampled_from(["user", "assistant", "system"]), texts), min_size=1
)


def source_of(**fields: object) -> ConversationSource:
    return ConversationSource(conversations=("chats.jsonl",), **fields)


def faded(turns: list[ChatTurn], **fields: object) -> Conversation:
    style = sample(chance("0" * 64), space("document", source_of().typography))
    raster = Raster(format="png")
    return fade(turns, source_of(**fields), style, PAGE, raster).conversation


def chat(count: int, text: str = PROSE) -> list[ChatTurn]:
    roles = ("user", "assistant")
    return [ChatTurn(roles[n % 2], f"Turn {n}. {text}") for n in range(count)]


def words(text: str) -> list[str]:
    return text.split()


# ---- turns ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("a long text", [("user", "a long text")]),
        ([{"role": "user", "content": "a"}], [("user", "a")]),
        ([{"from": "human", "value": "a"}, {"from": "gpt", "value": ""}],
         [("user", "a"), ("assistant", "")]),
        ([{"role": "tool", "content": [{"type": "text", "text": "a"}, "b"]}], [("tool", "ab")]),
        # As Parquet gives it: every turn has every key.
        ([{"role": "system", "content": "a", "tool_calls": None}], [("system", "a")]),
    ],
)  # fmt: skip
def test_chats_in_use_are_read(value: object, expected: list[tuple[str, str]]) -> None:
    assert list(parse_turns(value)) == expected


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (None, "it is null"),
        (3, "it is a int"),
        ([], "it has no turn"),
        (["a"], "turn 1 is a str"),
        ([{"role": "user", "content": "a"}, {"content": "b"}], "turn 2 names no `role`"),
        ([{"role": "assistant", "content": None}], "turn 1 has no text"),
        ([{"role": "user", "content": [{"type": "image_url"}]}], "part of type 'image_url'"),
    ],
)
def test_what_is_no_chat_is_told_by_its_turn(value: object, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse_turns(value)


@given(turns)
def test_turns_survive_being_a_record(turns: list[ChatTurn]) -> None:
    assert list(from_content(to_content(turns))) == turns


@given(turns, st.sampled_from(["turns", "tokens"]), st.booleans())
def test_passages_are_the_turns_and_fade_with_age(
    turns: list[ChatTurn], by: str, keep_system: bool
) -> None:
    schedule = Fade.model_validate({"by": by, "text": 1, "large": 3, "base": 6})
    source = source_of(fade=schedule, keep_system=keep_system)
    found = passages(turns, source, len)
    for number, turn in enumerate(turns):
        mine = [passage for passage in found if passage.turn == number]
        assert "".join(passage.text for passage in mine) == turn.text
        assert [passage.begins for passage in mine] == [True] + [False] * (len(mine) - 1)
        assert by == "tokens" or len(mine) == 1
    assert [p.turn for p in found] == sorted(p.turn for p in found)
    assert all(newer.age <= older.age for older, newer in itertools.pairwise(found))
    for passage in found:
        kept = keep_system and passage.role == "system"
        assert passage.mode == ("text" if kept else schedule.mode(passage.age))


# ---- images and messages ----------------------------------------------------------------------


def test_images_show_exactly_the_faded_turns_and_tokens_add_up() -> None:
    turns = [ChatTurn("system", "Be brief."), *chat(40), ChatTurn("user", CHINESE), *chat(3)]
    found = faded(turns)
    modes = [turn.mode for turn in found.turns]
    assert (modes[0], modes[-4:]) == ("text", ["text"] * 4)
    assert set(modes) == {"text", "gundam", "large", "base", "small"}
    by_mode = {mode: [t for t in found.turns if t.mode == mode] for mode in set(modes) - {"text"}}
    for mode, of_mode in by_mode.items():
        shown = " ".join(page.text for page in found.images if page.mode == mode)
        expected = "".join(transcript([ChatTurn(t.role, t.text)]) for t in of_mode)
        assert "".join(shown.split()) == "".join(expected.split())
    for number, page in enumerate(found.images):
        picture = Image.open(io.BytesIO(page.image.data))
        assert picture.size == (page.image.width, page.image.height)
        assert max(picture.size) == LONGEST_EDGE_PX[page.mode]  # type: ignore[index] # of an image
        assert page.vision_tokens == image_tokens(page.mode, *picture.size)  # type: ignore[arg-type]
        showing = [turn for turn in found.turns if number in turn.images]
        assert showing
        assert {turn.mode for turn in showing} == {page.mode}
    text_tokens = sum(count_tokens(t.text) for t in found.turns if t.mode == "text")
    assert found.tokens_before == sum(count_tokens(turn.text) for turn in turns)
    assert found.tokens_after == text_tokens + sum(p.vision_tokens for p in found.images)


def test_each_turn_names_the_images_that_it_stands_on() -> None:
    found = faded(chat(12, PROSE * 8), fade=Fade(text=2))
    assert len(found.images) > 2
    for turn in found.turns[:-2]:
        shown = " ".join(found.images[number].text for number in turn.images)
        assert "".join(turn.text.split()) in "".join(shown.split())
        assert not turn.images or list(turn.images) == list(
            range(turn.images[0], turn.images[-1] + 1)
        )
        # None too many: its first and last image have its first and last words.
        assert turn.text.split()[-1] in found.images[turn.images[-1]].text


def test_messages_have_an_image_part_for_each_image_and_all_text_that_is_left() -> None:
    found = faded([ChatTurn("system", "Be brief."), *chat(9)], fade=Fade(text=4))
    parts = [part for message in found.messages for part in message.content]
    assert [part.type for part in parts].count("image") == len(found.images)
    texts_left = [turn.text for turn in found.turns if turn.mode == "text"]
    assert [part.text for part in parts if part.type == "text"] == texts_left
    roles = [message.role for message in found.messages]
    # Five of nine turns faded; the first that is left is the assistant's.
    assert roles == ["system", "user", "assistant", "user", "assistant", "user"]
    assert {part.type for part in found.messages[1].content} == {"image"}


def test_images_come_before_the_text_of_the_users_turn_they_precede() -> None:
    found = faded(chat(6), fade=Fade(text=2))
    first, *others = found.messages
    assert (first.role, len(others)) == ("user", 1)
    assert [part.type for part in first.content] == ["image"] * len(found.images) + ["text"]


def test_a_long_text_fades_within_itself() -> None:
    text = "\n".join(f"{n}. {PROSE}" for n in range(40))
    found = faded([ChatTurn("user", text)], fade=Fade(by="tokens", text=200, base=900))
    assert [turn.mode for turn in found.turns] == ["tiny", "base", "text"]
    assert "".join(turn.text for turn in found.turns) == text
    (message,) = found.messages
    assert message.content[-1].text == found.turns[-1].text


def test_turns_that_images_would_not_shorten_may_stay_text() -> None:
    turns = chat(7, "Yes.")
    fade_all = Fade(text=1, gundam=2)
    longer = faded(turns, fade=fade_all)
    assert longer.tokens_after > longer.tokens_before
    shorter = faded(turns, fade=fade_all, only_if_shorter=True)
    assert shorter.images == ()
    assert [turn.text for turn in shorter.turns] == [turn.text for turn in turns]
    assert shorter.tokens_after == shorter.tokens_before


def test_lines_that_stay_text_after_all_are_one_message_with_their_turn() -> None:
    text = "\n".join(f"Line {n}." for n in range(9))
    found = faded(
        [ChatTurn("user", text)], fade=Fade(by="tokens", text=5, gundam=20), only_if_shorter=True
    )
    (turn,) = found.turns
    assert (turn.text, len(found.messages)) == (text, 1)


def test_a_conversation_of_too_many_images_names_the_limit() -> None:
    with pytest.raises(DocumentError, match=r"limit is 2; raise the source's `max_images`"):
        faded(chat(20, PROSE * 6), fade=Fade(text=1), max_images=2)


def test_characters_that_no_font_has_are_counted() -> None:
    style = sample(chance("0" * 64), space("document", source_of().typography))
    turns = [
        ChatTurn("user", "kept \U0010ffff\ue123 words"),
        ChatTurn("assistant", "\ue123"),
        *chat(1),
    ]
    done = fade(turns, source_of(fade=Fade(text=1)), style, PAGE, Raster())
    assert done.cleaned_chars == 3
    shown = " ".join(page.text for page in done.conversation.images)
    assert words(shown) == ["User:", "kept", "words", "Assistant:"]


# ---- corpora ----------------------------------------------------------------------------------


CHATS = [
    [{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "Because."}],
    [{"role": "user", "content": "A\nB"}],
]


def corpus(path: Path) -> Corpus:
    return Corpus(path, path.name, "messages", "id", has_chats=True)


def found_turns(records: list[Record]) -> list[list[dict[str, str]]]:
    return [
        [{"role": role, "content": text} for role, text in from_content(record.text)]
        for record in records
    ]


def test_chats_are_read_from_json_lines_and_bad_ones_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    rows: list[object] = [{"id": n, "messages": chat} for n, chat in enumerate(CHATS)]
    rows += [{"id": 7}, {"id": 8, "messages": [{"role": "user", "content": 3}]}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    records = list(read_records(corpus(path)))
    assert found_turns(records[:2]) == CHATS
    details = [record.error.detail for record in records[2:] if record.error]
    assert details == [
        "line 3: `messages` is missing",
        "line 4: `messages`: turn 1 has no text in `content` (nor `value`)",
    ]


def test_chats_and_long_texts_are_read_from_parquet(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"id": [0, 1, 2], "messages": [*CHATS, None]}), path)
    records = list(read_records(corpus(path)))
    assert found_turns(records[:2]) == CHATS
    assert records[2].error is not None
    assert records[2].error.detail == "row 2: `messages`: it is null, and no list of turns or text"
    pq.write_table(pa.table({"id": ["x"], "messages": ["a long text"]}), path)
    (record,) = read_records(corpus(path))
    assert from_content(record.text) == (ChatTurn("user", "a long text"),)
    pq.write_table(pa.table({"id": ["x"], "messages": [3]}), path)
    with pytest.raises(DocumentError, match="`messages` holds int64; give the source `column:`"):
        list(read_records(corpus(path)))
