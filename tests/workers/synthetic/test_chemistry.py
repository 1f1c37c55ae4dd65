from __future__ import annotations

import importlib
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem, rdBase

from schemas.errors import DocumentError, RequestError
from schemas.figures import ChemistrySource
from tests.workers.synthetic.test_tables import chance, is_framed
from workers.synthetic.chemistry import drawing as chemistry
from workers.synthetic.chemistry.molecules import MOLECULES
from workers.synthetic.drawn import Drawn
from workers.text.signatures import image_hash

LINES = MOLECULES.splitlines()
SOURCE = ChemistrySource(chemistry="sample", side_px=(256, 640))


def canonical(line: str) -> str:
    """What RDKit makes of the SMILES alone."""
    smiles: str = Chem.MolToSmiles(Chem.MolFromSmiles(line.split(maxsplit=1)[0]))
    return smiles


@pytest.fixture(scope="module")
def drawn() -> list[Drawn]:
    return [chemistry.draw(chance(seed), SOURCE, line) for seed, line in enumerate(LINES)]


def test_the_whole_sample_is_written_as_it_was_given(drawn: list[Drawn]) -> None:
    assert len(LINES) > 300
    assert len({canonical(line) for line in LINES}) == len(LINES)
    for line, each in zip(LINES, drawn, strict=True):
        assert each.text == canonical(line)
        assert [(block.label, block.text) for block in each.blocks] == [("chemistry", each.text)]


def test_nothing_is_cut_and_no_two_look_alike(drawn: list[Drawn]) -> None:
    for each in drawn:
        assert is_framed(each.picture)
        assert 256 <= max(each.picture.size) <= 640
    assert len({image_hash(each.picture.convert("L")) for each in drawn}) == len(LINES)


shares = st.sampled_from([0.0, 0.5, 1.0])


@settings(max_examples=40, deadline=None)
@given(
    line=st.sampled_from(LINES),
    seed=st.integers(0, 2**32),
    options=st.fixed_dictionaries({
        "colour_share": shares, "turned_share": shares, "aromatic_share": shares,
        "methyl_share": shares, "side_px": st.sampled_from([(320, 320), (640, 1024)]),
    }),
)  # fmt: skip
def test_no_option_changes_what_is_written(
    line: str, seed: int, options: dict[str, object]
) -> None:
    source = ChemistrySource(chemistry="sample", **options)
    first = chemistry.draw(chance(seed), source, line)
    assert first.text == canonical(line)
    assert is_framed(first.picture)
    second = chemistry.draw(chance(seed), source, line.split(maxsplit=1)[0])
    assert first.picture.tobytes() == second.picture.tobytes()


def test_mirror_images_are_drawn_and_written_apart() -> None:
    left, right, either = (
        chemistry.draw(chance(0), SOURCE, smiles)
        for smiles in ("C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O", "CC(N)C(=O)O")
    )
    assert len({each.text for each in (left, right, either)}) == 3
    assert len({each.picture.tobytes() for each in (left, right, either)}) == 3


@pytest.mark.parametrize(
    ("given", "written"),
    [
        ("[CH3:1][OH:2]", "CO"),
        ("N[Pt@SP1](N)(Cl)Cl", "[NH2][Pt]([NH2])([Cl])[Cl]"),
        ("CC=CC", "C/C=C/C"),
        ("[13CH3]O", "[13CH3]O"),
        ("C[CH2]", "[CH2]C"),
        ("[Na+].[Cl-]", "[Cl-].[Na+]"),
        ("  c1ccccc1\tbenzene of the lab\n", "c1ccccc1"),
    ],
)
def test_what_a_drawing_cannot_show_is_not_written(given: str, written: str) -> None:
    assert chemistry.draw(chance(1), SOURCE, given).text == written


@pytest.mark.parametrize(
    ("smiles", "reason", "detail"),
    [
        ("C(C", "corrupt", "RDKit cannot read the SMILES 'C(C'"),
        ("C1CC", "corrupt", "RDKit cannot read the SMILES 'C1CC'"),
        ("C(C)(C)(C)(C)C", "corrupt", "RDKit cannot read the SMILES"),
        ("not a molecule", "corrupt", "RDKit cannot read the SMILES 'not'"),
        ("  ", "corrupt", "the SMILES is empty: it has no atom"),
        ("C" * 101, "page_too_large", "has more than 100 atoms; raise `max_atoms`"),
        ("C" * 100_000, "page_too_large", "..."),
        ("C" * 100, "page_too_large", "is not legible on 640 pixels; raise `side_px`"),
    ],
)
def test_what_cannot_be_drawn_is_told_in_one_line_and_not_printed(
    smiles: str, reason: str, detail: str, capfd: pytest.CaptureFixture[str]
) -> None:
    before = rdBase.LogStatus()
    with pytest.raises(DocumentError) as caught:
        chemistry.draw(np.random.default_rng(0), SOURCE, smiles)
    assert caught.value.reason == reason
    assert detail in caught.value.detail
    assert len(caught.value.detail) < 200
    assert capfd.readouterr() == ("", "")
    assert rdBase.LogStatus() == before


def test_where_rdkit_is_missing_one_line_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "rdkit", None)
    monkeypatch.delitem(sys.modules, chemistry.__name__)
    with pytest.raises(RequestError, match=r"needs RDKit: pip install 'pagefoundry\[synthetic\]'"):
        importlib.import_module(chemistry.__name__)
