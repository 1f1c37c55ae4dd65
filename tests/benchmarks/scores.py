"""How fast models of scores and names read texts, beside bare loops; and what a score costs.

    python -m tests.benchmarks.scores [--texts 200] [--pages 50000] [--folder DIR] [--json]

First a BERT of random weights, of the size of MiniLM (6 layers of 384), scores texts of English
words, 250 in the median and up to 2,000, on one core and in one process: text by text, in batches
of 32 in their order as model cards do it, and as a replica does. Then a GPT-2 of the same size with
a vocabulary of 32,000 gives their perplexity, beside its own loss in a loop text by text. Then a
BERT finds names in them, beside the same model over the same windows one by one, which gives labels
of tokens and no names yet. Seconds are CPU seconds, and no library is loaded in them.

Then a dataset of `--pages` pages of 2,000 characters and a tenth as many documents, that of
`tests.benchmarks.ledger`, is published with other scores, each run in a process of its own without
Ray. Its model has 2 layers of 32 and sees 64 tokens, so that most of the time is the rest.
`scoring` is the part of the seconds in which the models read; `written` are the bytes of parts that
the version before has not.
"""

from __future__ import annotations

import argparse
import io
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

from cluster.session import IN_PROCESS, open_session
from pipelines.run import run
from schemas.personal import People
from schemas.recipe import Recipe, parse_recipe
from schemas.scores import Score
from tests.benchmarks import ledger
from tests.benchmarks.policies import parts_of
from tests.checkpoint_people import make_people_checkpoint
from tests.classifiers import make_classifier
from tests.language_models import make_language_model
from tests.pipelines.corpora import prose
from workers.people import FinderSettings, load_finder, pin_people
from workers.scores import ScorerSettings, load_scorer
from workers.scores.checkpoint import pin_score

MINILM = {
    "hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 12,
    "intermediate_size": 1536, "max_position_embeddings": 512, "initializer_range": 0.05,
}  # fmt: skip
MAX_TOKENS, CARD_BATCH, CHARS = 512, 32, 2000
EDU = "{{name: edu, model: {folder}/edu, max_tokens: 64}}"
NEWS = "{{name: news, model: {folder}/news, max_tokens: 64, label: 1}}"
ONE_THREAD = "placement: {threads_per_replica: 1}"
STEPS = {
    "another setting": ("", "publish: {part_bytes: 499999999}"),
    "one added": (EDU, ""),
    "the same again": (EDU, ""),
    "another added": (f"{EDU}, {NEWS}", ""),
    "all dropped": ("", ""),
}
Values = npt.NDArray[np.float32]


# ---- the model ----------------------------------------------------------------------------------


def texts_of(count: int) -> list[str]:
    lengths = np.random.default_rng(0).lognormal(np.log(250), 0.8, count).clip(5, 2000)
    return [prose(seed, int(words)) for seed, words in enumerate(lengths)]


def measure_model(count: int, folder: Path) -> dict[str, Any]:
    """CPU seconds of each way to score the same texts, and how far their values are apart."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    torch.set_num_threads(1)
    checkpoint = make_classifier(folder / "minilm", **MINILM)
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    model = AutoModelForSequenceClassification.from_pretrained(checkpoint).eval()

    def in_batches_of(size: int) -> Callable[[list[str]], Values]:
        @torch.inference_mode()
        def values(texts: list[str]) -> Values:
            outputs = []
            for start in range(0, len(texts), size):
                batch = tokenizer(
                    texts[start : start + size], padding=True, truncation=True,
                    max_length=MAX_TOKENS, return_tensors="pt",
                )  # fmt: skip
                outputs.append(model(**batch).logits[:, 0].numpy())
            return np.concatenate(outputs)

        return values

    score = Score(name="edu", model=str(checkpoint), max_tokens=MAX_TOKENS)
    ways = {
        "replica": load_scorer(ScorerSettings(pin_score(score, 0), 1)).score,
        f"batches of {CARD_BATCH}": in_batches_of(CARD_BATCH),
        "text by text": in_batches_of(1),
    }
    return timed(ways, texts_of(count))


def measure_perplexity(count: int, folder: Path) -> dict[str, Any]:
    """The same of perplexity."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.set_num_threads(1)
    checkpoint = make_language_model(folder / "lm", **MINILM | {"vocab_size": 32_000})
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    model = AutoModelForCausalLM.from_pretrained(checkpoint).eval()

    @torch.inference_mode()
    def loop(texts: list[str]) -> Values:
        values = []
        for text in texts:
            ids = tokenizer(
                text, truncation=True, max_length=MAX_TOKENS, return_tensors="pt"
            )["input_ids"]  # fmt: skip
            values.append(float(model(ids, labels=ids).loss.exp()))
        return np.array(values, np.float32)

    score = Score(name="ppl", model=str(checkpoint), max_tokens=MAX_TOKENS, perplexity=True)
    scorer = load_scorer(ScorerSettings(pin_score(score, 0), 1))
    ways = {"perplexity: replica": scorer.score, "perplexity: text by text": loop}
    return timed(ways, texts_of(count))


def measure_names(count: int, folder: Path) -> dict[str, Any]:
    """The same of finding names, without how far values are apart: there are none."""
    import torch
    from transformers import AutoModelForTokenClassification, AutoTokenizer

    torch.set_num_threads(1)
    sizes = {name: MINILM[name] for name in MINILM if name != "initializer_range"}
    checkpoint = make_people_checkpoint(folder / "people", sizes)
    tokenizer = AutoTokenizer.from_pretrained(checkpoint)
    model = AutoModelForTokenClassification.from_pretrained(checkpoint).eval()

    @torch.inference_mode()
    def loop(texts: list[str]) -> Values:
        for text in texts:
            windows = tokenizer(
                text, truncation=True, max_length=MAX_TOKENS, stride=MAX_TOKENS // 8,
                return_overflowing_tokens=True,
            )["input_ids"]  # fmt: skip
            for ids in windows:
                model(torch.tensor([ids])).logits.softmax(dim=-1).argmax(dim=-1)
        return np.zeros(len(texts), np.float32)

    finder = load_finder(FinderSettings(pin_people(People(model=checkpoint)), 1))

    def find(texts: list[str]) -> Values:
        finder.find(texts)
        return np.zeros(len(texts), np.float32)

    found = timed({"names: replica": find, "names: window by window": loop}, texts_of(count))
    return {way: {**row, "furthest": None} for way, row in found.items()}


def timed(ways: dict[str, Callable[[list[str]], Values]], texts: list[str]) -> dict[str, Any]:
    """Each way's texts a CPU second, and how far its values are from those of the first."""
    results: dict[str, tuple[float, Values]] = {}
    for way, score in ways.items():
        score(texts[:4])
        began_s = time.process_time()
        values = score(texts)
        results[way] = time.process_time() - began_s, values
    first_s, first = next(iter(results.values()))
    return {
        way: {
            "texts_per_s": len(texts) / cpu_s,
            "times_as_long": cpu_s / first_s,
            "furthest": float(np.nanmax(np.abs(values - first) / np.abs(first).clip(1))),
        }
        for way, (cpu_s, values) in results.items()
    }


# ---- the dataset --------------------------------------------------------------------------------


def recipe_of(folder: Path, scores: str = "", other: str = "") -> Recipe:
    listed = f"scores: [{scores.format(folder=folder)}]\n{ONE_THREAD}" if scores else ""
    return parse_recipe(f"{ledger.RECIPE.format(folder=folder)}\n{listed}\n{other}\n")


def text_of(name: str, number: int) -> str:
    words = f"the words of {name[:32]} and others, page {number}. "
    return (words * (CHARS // len(words) + 1))[:CHARS]


def measure(step: str, folder: Path) -> dict[str, Any]:
    """Run a step in this process; return what it cost."""
    recipe = recipe_of(folder, *STEPS[step])
    before, cpu_s = parts_of(recipe), time.process_time()
    with open_session(IN_PROCESS) as session:
        report = run(recipe, session, Console(file=io.StringIO()))
    cpu_s = time.process_time() - cpu_s
    after = parts_of(recipe)
    scoring = sum(s for stage, s in report.seconds.items() if stage.startswith("score "))
    return {
        "step": step, "cpu_s": cpu_s, "scoring_share": scoring / report.seconds["all"],
        "pages_read": report.pages_read,
        "written": sum(size for path, size in after.items() if path not in before),
    }  # fmt: skip


def show(model: dict[str, Any], steps: list[dict[str, Any]]) -> None:
    table = Table("way", "texts/s", "times as long", "furthest value")
    for way, row in model.items():
        table.add_row(
            way,
            f"{row['texts_per_s']:.2f}",
            f"{row['times_as_long']:.2f}",
            "" if row["furthest"] is None else f"{row['furthest']:.1e}",
        )
    Console(width=120).print(table)
    table = Table("run", "CPU s", "of it scoring", "pages read", "written MB")
    for row in steps:
        table.add_row(
            row["step"],
            f"{row['cpu_s']:.1f}",
            f"{row['scoring_share']:.0%}",
            f"{row['pages_read']:,}",
            f"{row['written'] / 1e6:,.1f}",
        )
    Console(width=120).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--texts", type=int, default=200)
    parser.add_argument("--pages", type=int, default=50_000)
    parser.add_argument("--folder", type=Path, help="make the dataset here, and keep it")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--run", choices=STEPS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.run:
        print(json.dumps(measure(args.run, args.folder)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.folder or Path(temporary)
        model = measure_model(args.texts, folder) | measure_perplexity(args.texts, folder)
        model |= measure_names(args.texts, folder)
        steps = []
        if args.pages:
            make_classifier(folder / "edu")
            make_classifier(folder / "news", ["spam", "news"], seed=1)
            ledger.build(args.pages, folder, text_of, 0, False)
            steps = [ledger.in_process(step, folder, __spec__.name) for step in STEPS]
    print(json.dumps({"model": model, "runs": steps})) if args.json else show(model, steps)


if __name__ == "__main__":
    main()
