"""Reasons for refusing a recipe: mistakes and settings that contradict each other.

The message about a mistake names the field and what belongs there.
"""

from __future__ import annotations

import pytest

from schemas.errors import RecipeError
from schemas.recipe import parse_recipe

LEAST = "dataset: data\nsources: [{documents: docs}]\n"
MODEL = "name: transformers, model: org/name"
VLLM = "name: vllm, model: org/name"
SERVERS = "name: endpoint, model: org/name, profile: olmocr-2"
ENDPOINT = f"{SERVERS}, urls: ['http://host:8000/v1']"

# Settings that no run could follow, or that every run would ignore: the recipe, the field at the
# start of the line, and a remedy at its end.
CONTRADICTIONS = [
    ("routing: only\nfallback: ppocr", "fallback: no engine reads with `routing: only`", "leave"),
    ("routing: only\nengine: ppocr", "engine: no engine reads", "set `routing: prefer`"),
    ("routing: only\ndeep: true", "deep: no engine reads", "set `routing: prefer`"),
    ("routing: only\nplacement: {gpus_per_replica: 1}", "placement.gpus_per_replica: ", "leave it"),
    ("routing: only\nplacement: {batch_pages: 8}", "placement.batch_pages: ", "leave it out"),
    ("routing: only\nplacement: {threads_per_replica: 2}", "placement.threads_per_replica: ",
     "leave it out"),
    ("routing: never\ntext_layer: {min_chars: 3}", "text_layer: no text layer is taken",
     "set `routing: prefer`"),
    ("fallback: rapidocr", "fallback: it is the engine itself", "name another one"),
    (f"engine: {{{MODEL}}}\nfallback: {{{MODEL}}}", "fallback: it is the engine", "name another"),
    ("placement: {batch_pages: 8}", "placement.batch_pages: rapidocr sizes its batches itself",
     "leave it out"),
    ("engine: ppocr\nfallback: rapidocr\nplacement: {batch_pages: 8}",
     "placement.batch_pages: ppocr or rapidocr sizes", "leave it out"),
    (f"engine: {{{VLLM}}}\nplacement: {{threads_per_replica: 2}}",
     "placement.threads_per_replica: vllm takes none", "leave it out"),
    (f"engine: {{{ENDPOINT}}}\nplacement: {{gpus_per_replica: 1}}",
     "placement.gpus_per_replica: the servers of `endpoint` have the GPUs", "leave it out"),
    (f"engine: {{{ENDPOINT}}}\nplacement: {{threads_per_replica: 2}}",
     "placement.threads_per_replica: endpoint takes none", "leave it out"),
    (f"engine: {{{ENDPOINT}}}\nfallback: {{{SERVERS}, urls: 'https://other/v1'}}",
     "fallback: it is the engine itself", "name another one"),
    (f"engine: {{{SERVERS}}}", "engine: endpoint needs `urls`", "http://host:8000/v1"),
    ("engine: {name: endpoint, urls: 'http://host/v1'}", "engine: endpoint needs a `model`",
     "/models lists"),
    ("engine: {name: endpoint, urls: 'http://host/v1', model: a}",
     "engine: endpoint needs the `profile`", "or a `prompt`"),
    (f"engine: {{{SERVERS}, urls: ['http://a/v1', 'http://a/v1/']}}",
     "engine.urls: a URL stands there twice", "leave one out"),
    (f"engine: {{{SERVERS}, urls: 'http://[::1]:99999/v1'}}",
     "engine.urls: the port of a URL is a number from 1 to 65535", "65535"),
    (f"engine: {{{SERVERS}, urls: 'http://a/v1/chat/completions'}}",
     "engine.urls: give the base URL", "before /chat/completions"),
    (f"engine: {{{VLLM}, urls: 'http://host/v1'}}", "engine: only `endpoint` takes urls", "out"),
    ("engine: {name: rapidocr, concurrency: 9}", "engine: rapidocr carries its model",
     "leave out concurrency"),
    ("scores: [{name: a, model: m}, {name: a, model: n}]", "scores: the score `a` stands there",
     "give each a name of its own"),
    ("scores: [{name: a, model: /m, revision: 0123456789012345678901234567890123456789}]",
     "scores.0: `revision` is a commit of a Hub id", "for a folder leave it out"),
    ("placement: {gpus_per_replica: 1.5}", "placement.gpus_per_replica: 1.5: Ray has no part of a",
     "give a whole number, or less than 1"),
    ("placement: {replicas: [4, 2]}", "placement: replicas [4, 2]:", "the first must not exceed"),
    ("placement: {staging: data}", "placement.staging: it is the dataset itself", "name another"),
    ("engine: {name: rapidocr, mode: base}", "engine: rapidocr carries its model", "out mode"),
    ("fallback: {name: ppocr, task: text}", "fallback: ppocr carries its model", "leave out task"),
    ("engine: vllm", "engine: vllm needs a `model`", "pip install 'pagefoundry[vllm]'"),
    ("engine: transformers", "engine: transformers needs a `model`", "or a folder"),
    (f"engine: {{{VLLM}, task: locate}}", "engine: there is no `target`", "what is to be found"),
    (f"engine: {{{VLLM}, prompt: 'Find {{target}}.'}}", "engine: there is no `target`", "give"),
    (f"engine: {{{VLLM}, target: a seal}}", "engine: `target` is asked for", "task: locate"),
    (f"engine: {{{VLLM}, task: text, target: a seal}}", "engine: `target` is", "leave it out"),
    (f"engine: {{{VLLM}, task: locate, prompt: 'Find it.', target: a seal}}",
     "engine: `target` is asked for nowhere", "put {target} into `prompt`"),
    (f"engine: {{name: vllm, model: ./here, revision: {'a' * 40}}}",
     "engine: `revision` is a commit of a Hub id", "for a folder leave it out"),
    ("raster: {format: png, quality: 80}", "raster: `quality: 80` means nothing to `format: png`",
     "set `format: jpeg` or `webp`"),
    ("dedup: {near: {permutations: 100}}", "dedup.near: bands (16)", "must divide permutations"),
    ("dedup: {near: {bands: 1}}", "dedup.near: with bands: 1 of 128 permutations only 0.0%",
     "give more `bands`"),
    ("dedup: {near: {min_text_tokens: 0}, image: {max_distance_bits: 4}}",
     "dedup: `image` compares pages of fewer than near.min_text_tokens", "set `image: null`"),
    ("on_missing: remove\nmix: {weights: {a: 2, b: 3}, samples: 4}\n"
     "sources: [{charts: 9, group: a}, {tables: 9, group: b}]",
     "mix: `samples: 4` are too few for one of each weight", "give 5 or more"),
    ("mix: {weights: {a: 1}}\nsources: [{charts: 9, group: a}]", "a mix needs",
     "`on_missing: remove`"),
    ("mix: {weights: {a: 1}}\non_missing: remove", "sources.0: with a mix", "its `group`"),
    ("sources: [{charts: 9, group: a}]", "sources.0: group 'a' has no weight", "in `mix`"),
    ("sources: [docs, {tables: 1}, {documents: docs}]", "sources.2: it is the same as sources.0",
     "leave it out"),
    ("sources: [{dataset: [other, data]}]", "sources.0.dataset: it is the dataset that is made",
     "name another one"),
    ("sources: [{conversations: c, fade: {text: 9, base: 4}}]", "sources.0.fade: base ends at age",
     "ages must rise from text"),
]  # fmt: skip

MISTAKES = [
    ("sources: [3]", "sources.0: a source is a folder, or keys such as {documents: FOLDER}, not 3"),
    ("sources: [{document: x}]", "sources.0: a source names one of: documents, text, charts, "
     "formulas, chemistry, geometry, tables, conversations, dataset; did you mean `documents`?"),
    ("sources: 3", "sources: a list, as [a, b], belongs here, not 3"),
    ("sources:", "sources: a list, as [a, b], belongs here, not nothing"),
    ("sources: [{documents: x, text: y}]",
     "sources.0.text: a source has one kind; make this a separate source"),
    ("sources: [{documents: [3]}]",
     "sources.0.documents.0: a text (put a number in quotes) belongs here, not 3"),
    ("dataset: 2024", "dataset: a text (put a number in quotes) belongs here, not 2024"),
    ("dataset: ''", "dataset: some text belongs here, not ''"),
    ("rasters: {}", "rasters: this key does not exist; did you mean `raster`?"),
    ("raster: {qualty: 3}", "raster.qualty: this key does not exist; did you mean `quality`?"),
    ("replicas: 4", "replicas: this key does not exist here; it belongs under `placement`"),
    ("raster: {routing: only}",
     "raster.routing: this key does not exist here; it belongs at the top level, in no section"),
    ("raster: {quality: high}", "raster.quality: a whole number belongs here, not 'high'"),
    ("raster: {quality: 92.5}", "raster.quality: a whole number belongs here, not 92.5"),
    ("raster: {quality: 101}", "raster.quality: 100 or less belongs here, not 101"),
    ("raster: {max_aspect: wide}", "raster.max_aspect: a number belongs here, not 'wide'"),
    ("raster: {format: jpg}",
     "raster.format: one of jpeg, png, webp belongs here, not 'jpg'; did you mean `jpeg`?"),
    ("raster:", "raster: a section of keys (longest_edge_px, format, quality, max_page_points, "
     "max_aspect, max_image_pixels) belongs here, not nothing"),
    ("routing: always", "routing: one of prefer, never, only belongs here, not 'always'"),
    ("rotate: maybe", "rotate: true or false belongs here, not 'maybe'"),
    ("placement: {replicas: many}",
     "placement.replicas: a list, as [a, b], belongs here, not 'many'"),
    ("placement: {replicas: 0}", "placement.replicas.1: 1 or more belongs here, not 0"),
    ("placement: {replicas: [1, 2, 3]}",
     "placement.replicas: a list of 2 belongs here, not [1, 2, 3]"),
    ("dedup: {near: {jaccard: 0}}", "dedup.near.jaccard: more than 0 belongs here, not 0"),
    ("engine: {name: vlm}", "engine.name: one of rapidocr, ppocr, transformers, vllm, endpoint "
     "belongs here, not 'vlm'; did you mean `vllm`?"),
    (f"engine: {{{VLLM}, revision: main}}",
     "engine.revision: a commit, which has 40 hex digits, belongs here, not 'main'"),
    (f"engine: {{{SERVERS}, urls: 'host:8000'}}", "engine.urls: a URL is http://host:port/v1 or"),
    (f"engine: {{{SERVERS}, urls: []}}", "engine.urls: one value or more belongs here"),
    (f"engine: {{{SERVERS}, urls: 8000}}", "engine.urls: a list, as [a, b], belongs here, not 8"),
    (f"engine: {{{ENDPOINT}, concurrency: 0}}", "engine.concurrency: 1 or more belongs here"),
    (f"engine: {{{ENDPOINT}, key_env: 3}}", "engine.key_env: the name of an environment variable"),
    ("storage: {endpoint: 'me:secret@store'}",
     "storage.endpoint: an address such as https://host:port belongs here"),
    ("aws_secret: hunter2",
     "aws_secret: this key does not exist; the keys here are dataset, sources"),
    ("1: 2", "1: a key must be a text; put it in quotes"),
    ("sources: [{text: t, typography: {family: Arial}}]", "sources.0.typography.family.0: one of "
     "Charis SIL, Nimbus Roman, Nimbus Sans, Noto Sans, FiraGO, Ubuntu, DejaVu Sans, Nimbus Mono, "
     "Fira Mono, Space Mono, Ubuntu Mono, Cascadia Mono belongs here, not 'Arial'"),
]  # fmt: skip


def refusal(text: str) -> str:
    """Return the one line of the error that refuses a recipe."""
    least = "".join(
        line + "\n" for line in LEAST.splitlines() if f"\n{line.split(':')[0]}:" not in f"\n{text}"
    )
    with pytest.raises(RecipeError) as caught:
        parse_recipe(least + text, "mine.yaml")
    (line,) = str(caught.value).splitlines()
    assert line.startswith("mine.yaml: ")
    return line.removeprefix("mine.yaml: ")


@pytest.mark.parametrize(("text", "field", "remedy"), CONTRADICTIONS)
def test_settings_that_rule_each_other_out_are_refused_with_the_remedy(
    text: str, field: str, remedy: str
) -> None:
    line = refusal(text)
    assert line.startswith(field)
    assert remedy in line


@pytest.mark.parametrize(("text", "expected"), MISTAKES)
def test_a_mistake_is_told_in_plain_words(text: str, expected: str) -> None:
    assert refusal(text).startswith(expected)


def test_a_secret_in_a_wrong_place_is_not_repeated() -> None:
    assert "hunter2" not in refusal("aws_secret: hunter2")
    assert "secret" not in refusal("storage: {endpoint: 'me:secret@store'}")
    for url in ("http://me:secret@host/v1", "http://host/v1?key=secret", "secret"):
        assert "secret" not in refusal(f"engine: {{{SERVERS}, urls: '{url}'}}")
    for key in ("sk-secret", "sk_secret", "secret secret"):
        assert "secret" not in refusal(f"engine: {{{ENDPOINT}, key_env: '{key}'}}")


def test_what_is_missing_is_named() -> None:
    with pytest.raises(RecipeError) as caught:
        parse_recipe("raster: {}", "mine.yaml")
    assert str(caught.value).splitlines() == [
        "mine.yaml: dataset: it is missing",
        "mine.yaml: sources: it is missing",
    ]


def test_a_key_that_stands_twice_is_not_taken_once() -> None:
    with pytest.raises(RecipeError, match=r"line 5: the key `quality` appears twice"):
        parse_recipe(LEAST + "raster:\n  quality: 92\n  quality: 80")


def test_each_setting_that_is_ruled_out_has_its_own_line() -> None:
    with pytest.raises(RecipeError) as caught:
        parse_recipe(LEAST + "routing: only\ndeep: true\nfallback: ppocr", "mine.yaml")
    fields = [line.split(": ")[1] for line in str(caught.value).splitlines()]
    assert fields == ["fallback", "deep"]


@pytest.mark.parametrize(
    ("text", "same_as"),
    [
        ("sources: [docs]", ""),
        ("sources: docs", ""),
        ("sources: {documents: docs}", ""),
        ("engine: ppocr", "engine: {name: ppocr}"),
        ("fallback: ppocr", "fallback: {name: ppocr}"),
        ("engine: {name: rapidocr, model: null}\nrouting: only", "routing: only"),
        ("raster: {format: png, quality: 92}", "raster: {format: png}"),
        ("routing: never\ntext_layer: {}", "routing: never"),
    ],
)
def test_what_can_only_mean_one_thing_is_taken_so(text: str, same_as: str) -> None:
    least = "dataset: data\n"
    short, long = (
        parse_recipe(least + text + ("" if "sources" in text else "\nsources: docs")),
        (parse_recipe(LEAST + same_as)),
    )
    assert short == long
    assert short.digest() == long.digest()
