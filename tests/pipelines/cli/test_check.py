"""The likeliest mistakes, through the command line: each is reported in one line that names it,
before any Ray is started and any page is read."""

from __future__ import annotations

import json
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from pipelines.cli import app
from tests.pipelines.cli.json_commands import call_json
from tests.pipelines.corpora import write_pdf

COMMIT = "0123456789abcdef0123456789abcdef01234567"
DEEPSEEK = f"engine: {{name: vllm, model: deepseek-ai/DeepSeek-OCR, revision: {COMMIT}"
NO_VLLM = pytest.mark.skipif(find_spec("vllm") is not None, reason="vLLM is installed")
Call = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("check")
    write_pdf(folder / "docs", "a.pdf", first_seed=1)
    (folder / "file.txt").write_text("a file")
    (folder / "empty").mkdir()
    (folder / "words").mkdir()
    (folder / "words/letter.wpd").write_text("not ours")
    write_config(folder / "got", "got_ocr2")
    write_config(folder / "nobodys", "nobodys")
    return folder


def write_recipe(folder: Path, text: str) -> None:
    """Write recipe.yaml, with a dataset and sources added if `text` has none."""
    least = {"dataset": "dataset: data\n", "sources": "sources: [{documents: docs}]\n"}
    lines = [line for key, line in least.items() if f"\n{key}:" not in f"\n{text}"]
    (folder / "recipe.yaml").write_text("".join(lines) + text)


def write_config(folder: Path, model_type: str) -> None:
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"model_type": model_type}))


@pytest.fixture
def call(
    corpus: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Call]:
    """Runs a command in this process and in the corpus; returns its code, stdout and stderr."""
    monkeypatch.chdir(corpus)
    handler = signal.getsignal(signal.SIGTERM)

    def run(*arguments: str, recipe: str = "") -> tuple[int, str, str]:
        write_recipe(corpus, recipe)
        monkeypatch.setattr(sys, "argv", ["pagefoundry", *arguments])
        with pytest.raises(SystemExit) as ended:
            app.main()
        out, err = capsys.readouterr()
        return int(str(ended.value.code or 0)), out, err

    yield run
    signal.signal(signal.SIGTERM, handler)
    assert not (corpus / "data").exists()


def closed_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])


MISTAKES = [
    ("sources: [{document: docs}]", "recipe.yaml: sources.0: a source names one of: documents"),
    ("rasters: {}", "recipe.yaml: rasters: this key does not exist; did you mean `raster`?"),
    ("raster: {quality: high}", "recipe.yaml: raster.quality: a whole number belongs here, not 'h"),
    ("engine: vllm", "recipe.yaml: engine: vllm needs a `model`"),
    ("routing: only\nfallback: ppocr", "recipe.yaml: fallback: no engine reads with `routing: onl"),
    ("engine: {name: transformers, model: ./nomodel}", "engine.model: ./nomodel is no folder here"),
    ("engine: {name: transformers, model: docs}", "engine: docs/config.json: not a checkpoint's"),
    ("engine: {name: transformers, model: got, mode: huge}",
     "engine: profile got-ocr-2 has the modes base, tiles, not 'huge'"),
    ("engine: {name: transformers, model: got, task: locate, target: a seal}",
     "engine: profile got-ocr-2 has the tasks markdown, text, not 'locate'"),
    ("engine: {name: transformers, model: got}\ndeep: true",
     "engine: `deep: true` needs a prompt for figures, and profile got-ocr-2 has none"),
    ("engine: {name: transformers, model: nobodys}", "engine: nobodys: no profile fits its"),
    ("fallback: {name: transformers, model: got, profile: got-ocr}",
     "fallback: there is no profile 'got-ocr'; choose one of chandra-2, deepseek"),
    ("sources: nowhere", "sources.0: 'nowhere': there is no "),
    ("sources: nowhere/**/*.pdf", "sources.0: 'nowhere/**/*.pdf': there is no "),
    ("sources: ~/docs", "sources.0: '~/docs': there is no "),
    ("sources: empty", "sources.0: 'empty' matches no file: it is empty; name a folder"),
    ("sources: words", "sources.0: 'words' matches no file: it holds files with .wpd; name a"),
    ("sources: gopher://old/docs", "sources.0: gopher://old/docs: gopher:// is not a store"),
    ("sources: {dataset: docs}", "sources.0: docs holds no published version: the folder has oth"),
    ("dataset: file.txt", "dataset: "),
    ("dataset: file.txt/data", "dataset: "),
    (
        "dataset: hf://datasets/lake/data",
        "dataset: hf://datasets/lake/data: a dataset is in a folder or on s3://, gs:// or az://",
    ),
    ("placement: {staging: file.txt}", "placement.staging: "),
]  # fmt: skip


@pytest.mark.parametrize("command", ["run", "plan"])
@pytest.mark.parametrize(("recipe", "message"), MISTAKES)
def test_a_mistake_is_one_line_before_anything_begins(
    recipe: str, message: str, command: str, call: Call
) -> None:
    code, out, err = call(command, "recipe.yaml", "--ray", "in-process", recipe=recipe)
    assert (code, out) == (2, "")
    (line,) = err.splitlines()
    assert line.startswith(f"pagefoundry: {message}")


@NO_VLLM
@pytest.mark.parametrize("command", ["run", "plan"])
def test_a_package_that_is_missing_is_named_with_its_remedy(command: str, call: Call) -> None:
    code, _, err = call(command, "recipe.yaml", recipe=DEEPSEEK + "}")
    assert code == 2
    (line,) = err.splitlines()
    assert "vllm is not installed on this machine: pip install 'pagefoundry[vllm]'" in line


def test_a_plan_for_a_cluster_needs_no_package_here_but_a_mode_that_there_is(call: Call) -> None:
    arguments = ("plan", "recipe.yaml", "--ray", "in-process", "--nodes", "2")
    gpus = "\nplacement: {gpus_per_replica: 1, replicas: [1, 8]}"
    named = f"{DEEPSEEK}, profile: deepseek-ocr"
    code, out, err = call(*arguments, recipe=f"{named}, mode: gundam}}{gpus}")
    assert code == 0, err
    assert "GPU" in out
    code, _, err = call(*arguments, recipe=f"{named}, mode: huge}}{gpus}")
    assert code == 2
    assert "profile deepseek-ocr has the modes tiny, small, base, large, gundam" in err


def test_a_hub_that_does_not_answer_is_said_at_once(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = f"http://127.0.0.1:{closed_port()}"
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", address)
    recipe = f"engine: {{name: transformers, model: org/name, revision: {COMMIT}}}"
    code, _, err = call("plan", "recipe.yaml", recipe=recipe)
    assert code == 3
    assert f"the Hub at {address} does not answer" in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("inspect", "file.txt"), "file.txt is a file, and a dataset is a folder"),
        (("verify", "file.txt"), "file.txt is a file, and a dataset is a folder"),
        (("vacuum", "file.txt"), "file.txt is a file, and a dataset is a folder"),
        (("diff", "docs", "1", "2"), "docs holds no published version: the folder has other thi"),
        (("gallery", "docs", "made.html"), "docs holds no published version: the folder has oth"),
        (("inspect", "docs"), "docs holds no published version: the folder has other things in"),
        (("verify", "empty"), "empty holds no published version; `pagefoundry run` makes one"),
        (("run", "docs"), "docs is a folder; name the recipe in it"),
        (
            ("run", "recipe.yaml", "--ray", "head"),
            "ray: --ray head is not a valid address; give `auto`",
        ),
    ],
)
def test_what_is_no_dataset_recipe_or_address_is_told_by_what_it_is(
    arguments: tuple[str, ...], message: str, call: Call
) -> None:
    code, out, err = call(*arguments)
    assert (code, out) == (2, "")
    (line,) = err.splitlines()
    assert line.startswith(f"pagefoundry: {message}")


def test_a_ray_and_a_store_that_do_not_answer_may_pass(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("ENDPOINT_URL", "ENDPOINT_URL_S3", "REGION", "DEFAULT_REGION", "ACCESS_KEY_ID")
    for name in (*names, "SECRET_ACCESS_KEY"):
        monkeypatch.setenv(f"AWS_{name}", "eu")
    address = f"127.0.0.1:{closed_port()}"
    code, _, err = call("run", "recipe.yaml", "--ray", address)
    assert code == 3
    assert err.startswith(f"pagefoundry: ray: Ray at {address} does not answer: ")

    storage = f"storage: {{endpoint: 'http://{address}', region: eu}}\n"
    sources = "sources: [s3://lake/a, s3://lake/b, docs]\n"
    recipe = f"dataset: s3://lake/data\n{sources}{storage}"
    code, _, err = call("plan", "recipe.yaml", "--ray", "in-process", recipe=recipe)
    assert code == 3
    (line,) = err.splitlines()  # the store is asked once, not for each source and the dataset
    assert f"the store at http://{address} does not answer" in line
    code, _, err = call("inspect", "s3://lake/data")
    assert (code, len(err.splitlines())) == (3, 1)


def test_check_shows_all_that_was_looked_at(call: Call) -> None:
    code, out, _ = call("check", "recipe.yaml", recipe="sources: [docs, nowhere]\ndataset: data")
    assert code == 2
    lines = [line.split() for line in out.splitlines()]
    marks = {words[1]: words[0] for words in lines if words[0] in "✓✗"}
    assert marks == {
        "recipe": "✓", "engine": "✓", "sources.0": "✓", "sources.1": "✗", "dataset": "✓"
    }  # fmt: skip


def test_check_tells_machines_the_same(corpus: Path) -> None:
    write_recipe(corpus, "engine: {name: transformers, model: nowhere/model}\nsources: nowhere")
    code, found, _ = call_json("check", "recipe.yaml", cwd=corpus)
    assert (code, found["exit_code"]) == (2, 2)
    problems = {finding["field"]: finding["problem"] for finding in found["findings"]}
    assert {field: problem and problem["kind"] for field, problem in problems.items()} == {
        "recipe": None, "engine": "no_engine", "sources.0": "source", "dataset": None
    }  # fmt: skip
    write_recipe(corpus, "rotate: 7\ndepe: true")
    code, found, _ = call_json("check", "recipe.yaml", cwd=corpus)
    fields = [finding["problem"]["message"].split(": ")[1] for finding in found["findings"]]
    assert (code, fields) == (2, ["rotate", "depe"])


def test_submit_refuses_what_no_cluster_could_do(call: Call) -> None:
    recipe = (
        "engine: {name: transformers, model: hub/got, profile: got-ocr-2,"
        f" revision: {'a' * 40}}}\n"
        "deep: true\nsources: only/there"
    )
    code, _, err = call("submit", "recipe.yaml", recipe=recipe)
    assert code == 2
    (line,) = err.splitlines()
    assert line.startswith("pagefoundry: engine: `deep: true` needs a prompt for figures")
