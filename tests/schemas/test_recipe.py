"""Any text is a recipe or a RecipeError; the digest covers the settings that change readings."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.errors import RecipeError
from schemas.ids import canonical_json
from schemas.recipe import Recipe, differences, parse_recipe

LEAST = "dataset: /data/out\nsources: [{documents: /data/in}]\n"
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=8,
)


def parse(text: str) -> Recipe:
    return parse_recipe(LEAST + text)


@given(
    st.one_of(
        st.text(),
        st.text(st.sampled_from("{}[]&*!|>'\"%@`:-?,#<= \n\t0189._xobe~aTzn\\uU")),
        st.builds(LEAST.__add__, st.text()),
        json_values.map(lambda value: LEAST + yaml.safe_dump({"raster": value})),
    )
)
@example("2001-99-99")
@example("!!int abc")
@example("!!bool x")
@example("!!timestamp x")
@example("!!int ''")
@example('"\\U00110000"')
@example("a: 0x_")
@example("9" * 5000)
@example("[" * 5000)
@example("a: &a [*a]")
@example("<<: 1")
@example("{1: 2}")
@example('"\\ud800": 1')
def test_any_text_is_a_recipe_or_a_recipe_error(text: str) -> None:
    try:
        recipe = parse_recipe(text)
    except RecipeError:
        return
    assert isinstance(recipe, Recipe)


def test_dataset_and_sources_are_all_it_takes() -> None:
    recipe = parse("")
    assert recipe.sources[0].documents == ("/data/in",)
    assert recipe.dedup.near is not None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rasters: {}", "mine.yaml: rasters: this key does not exist; did you mean `raster`?"),
        (
            "raster: {dpi: 300}",
            "mine.yaml: raster.dpi: this key does not exist; the keys here are longest_edge_px",
        ),
        ("raster: {quality: 101}", "mine.yaml: raster.quality: "),
        ("engine: {name: magic}", "mine.yaml: engine.name: "),
        ("dedup: {near: {permutations: 100}}", "bands (16) must divide permutations (100)"),
        ("placement: {replicas: [4, 2]}", "replicas [4, 2]: the first must not exceed"),
        ("on_missing: forget", "mine.yaml: on_missing: "),
    ],
)
def test_a_wrong_field_is_named(text: str, message: str) -> None:
    with pytest.raises(RecipeError) as caught:
        parse_recipe(LEAST + text, "mine.yaml")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_each_problem_has_its_own_line() -> None:
    with pytest.raises(RecipeError) as caught:
        parse_recipe("sources: []\nraster: {quality: 0}")
    fields = [line.split(": ")[1] for line in str(caught.value).splitlines()]
    assert fields == ["dataset", "sources", "raster.quality"]


@pytest.mark.parametrize("text", ["", "- a\n- b", "just words", "7"])
def test_what_is_no_mapping_is_told_what_a_recipe_is(text: str) -> None:
    with pytest.raises(RecipeError, match="a recipe is a mapping"):
        parse_recipe(text)


@pytest.mark.parametrize(
    "text",
    [
        "on_missing: remove",
        "license: cc-by-4.0",
        "dedup: {exact_text: false, image: null, near: {jaccard: 0.9, bands: 32}}",
        "dedup: {near: null}",
        "publish: {seed: 7, part_bytes: 1000}",
        "placement: {replicas: 20, shard_pages: 256, page_timeout_s: 5, threads_per_replica: 1}",
    ],
)
def test_what_changes_no_reading_keeps_the_digest(text: str) -> None:
    assert parse(text).digest() == parse("").digest()


SERVERS = "engine: {name: endpoint, model: m, profile: olmocr-2, urls: 'http://a/v1'}"


@pytest.mark.parametrize(
    "way", ["urls: ['https://b/v1', 'http://c:8000/v1']", "key_env: KEY", "concurrency: 9"]
)
def test_how_servers_are_reached_keeps_the_digest(way: str) -> None:
    for section in ("engine", "fallback"):
        text = SERVERS.replace("engine", section).replace("urls: 'http://a/v1'", "{way}")
        one = parse(text.replace("{way}", "urls: 'http://a/v1'"))
        other = way if way.startswith("urls") else f"urls: 'http://a/v1', {way}"
        assert parse(text.replace("{way}", other)).digest() == one.digest()
        assert one.digest() != parse("").digest()
        assert parse(text.replace("{way}", "urls: 'http://a/v1', mode: x")).digest() != one.digest()


COMMIT = "0123456789abcdef0123456789abcdef01234567"


def test_a_checkpoint_is_named_with_what_is_asked_of_it() -> None:
    spec = f"name: vllm, model: deepseek-ai/DeepSeek-OCR, revision: {COMMIT}, task: figure"
    engine = parse(f"engine: {{{spec}}}").engine
    assert (engine.name, engine.revision, engine.task) == ("vllm", COMMIT, "figure")


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("name: vllm", "engine: vllm needs a `model`"),
        ("name: rapidocr, mode: base", "rapidocr carries its model; leave out mode"),
        ("name: vllm, model: a/b, revision: main", "engine.revision"),
        ("name: vllm, model: a/b, task: locate", "there is no `target`"),
        ("name: vllm, model: a/b, task: translate", "engine.task"),
    ],
)
def test_an_engine_that_cannot_be_is_refused(spec: str, message: str) -> None:
    with pytest.raises(RecipeError, match=re.escape(message)):
        parse(f"engine: {{{spec}}}")


def test_another_source_or_dataset_keeps_the_digest() -> None:
    other = parse_recipe("dataset: s3://b/d\nsources: [{documents: [x, y]}, {documents: z}]")
    assert other.digest() == parse("").digest()


@pytest.mark.parametrize(
    "text",
    [
        "raster: {longest_edge_px: 1281}",
        "raster: {format: png}",
        "routing: never",
        "text_layer: {min_chars: 17}",
        "vision_mode: large",
        "engine: {name: ppocr}",
        "engine: {name: transformers, model: folder}",
        "engine: {name: vllm, model: folder, mode: base}",
        "fallback: {name: ppocr}",
        "rotate: false",
        "deep: true",
        "quality: {min_confidence: 0.6}",
        "dedup: {near: {permutations: 256}}",
    ],
)
def test_what_changes_a_reading_changes_the_digest(text: str) -> None:
    assert parse(text).digest() != parse("").digest()


def test_one_number_of_replicas_means_up_to_that_many() -> None:
    assert parse("placement: {replicas: 3}").placement.replicas == (1, 3)


@given(st.dictionaries(st.text(), json_values), st.randoms())
def test_equal_values_give_equal_json(value: dict[str, Any], random: Any) -> None:
    shuffled = dict(random.sample(list(value.items()), len(value)))
    assert canonical_json(shuffled) == canonical_json(value)


def test_differences_name_each_leaf() -> None:
    old, new = parse("").reading_settings(), parse("raster: {quality: 80}\nrouting: only")
    assert differences(old, new.reading_settings()) == [
        "raster.quality: 92 -> 80",
        "routing: 'prefer' -> 'only'",
    ]


settings = st.recursive(
    st.integers(), lambda children: st.dictionaries(st.sampled_from("abc"), children), max_leaves=6
)


@given(st.dictionaries(st.sampled_from("abc"), settings))
def test_equal_settings_have_no_differences(value: dict[str, Any]) -> None:
    assert differences(value, value) == []
