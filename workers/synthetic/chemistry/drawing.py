"""Draw a molecule from its SMILES with RDKit; the text is the SMILES of what is drawn.

Owns the layout of the molecule, its look, and reading it back. Does not read SMILES files.

The text is read from the laid-out molecule as a chemist reads a drawing: from its wedges and the
places of its atoms. So it has the stereo that is drawn, but nothing that no drawing shows: atom
maps, or chirality other than tetrahedral. A double bond without given geometry has one in the
drawing, and so in the text. Isotopes, charges, radicals and all parts of a mixture are drawn.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from numpy.random import Generator
from PIL import Image

from schemas.errors import DocumentError, RequestError
from schemas.figures import ChemistrySource
from schemas.pages import Block
from workers.synthetic.drawn import Drawn
from workers.synthetic.sampling import happens, pick, shuffled
from workers.synthetic.sheets import ink_box

try:
    from rdkit import Chem, rdBase
    from rdkit.Chem import rdCoordGen, rdDepictor
    from rdkit.Chem.Draw import rdMolDraw2D
except ImportError as exc:
    raise RequestError(
        "source `chemistry` needs RDKit: pip install 'pagefoundry[synthetic]'"
    ) from exc

Places = npt.NDArray[np.float64]
"""float64 (atoms, 2), in RDKit's units: a bond is 1.5 long."""

_MAX_CHARS_PER_ATOM = 24  # `[13C@@H]%12%13(` has 15; longer lines are refused without parsing
_BOND = 1.5
_MIN_BOND_PX = 14.0  # letters are about 0.4 of a bond high, and illegible under 6 pixels
_MIN_CLEARANCE = 0.6  # between atoms, in RDKit's units; letters of nearer ones overlap
_FONTS = ("", "BuiltinTelexRegular", "BuiltinRobotoRegular")
_PAPERS = ((1.0, 1.0, 1.0), (1.0, 1.0, 1.0), (0.99, 0.98, 0.95), (0.95, 0.96, 0.97))


def draw(rng: Generator, settings: ChemistrySource, smiles: str) -> Drawn:
    """The molecule of a line of a SMILES file; a name after the SMILES is ignored.

    Raises DocumentError: `corrupt` where RDKit cannot read the SMILES, `page_too_large` for a
    molecule of more than `settings.max_atoms` atoms, or one that would not be legible on the
    largest picture.
    """
    fields = smiles.split(maxsplit=1)
    smiles = fields[0] if fields else ""
    with rdBase.BlockLogs():
        molecule = _parsed(smiles, settings.max_atoms)
        prepared = _laid_out(rng, settings, molecule)
        text = _as_drawn(prepared)
        picture = _picture(rng, settings, prepared, smiles)
    return Drawn(picture, text, (Block("chemistry", ink_box(picture), text),))


def _shown(smiles: str) -> str:
    """A SMILES as messages show it."""
    return repr(smiles if len(smiles) <= 80 else smiles[:77] + "...")


def _parsed(smiles: str, max_atoms: int) -> Chem.Mol:
    too_large = f"molecule {_shown(smiles)} has more than {max_atoms} atoms; raise `max_atoms`"
    if len(smiles) > _MAX_CHARS_PER_ATOM * max_atoms:
        raise DocumentError("page_too_large", too_large)
    molecule = Chem.MolFromSmiles(smiles)
    if molecule is None:
        raise DocumentError("corrupt", f"RDKit cannot read the SMILES {_shown(smiles)}")
    if molecule.GetNumAtoms() == 0:
        raise DocumentError("corrupt", "the SMILES is empty: it has no atom")
    if molecule.GetNumAtoms() > max_atoms:
        raise DocumentError("page_too_large", too_large)
    for atom in molecule.GetAtoms():
        atom.SetAtomMapNum(0)  # a label for reactions, not part of the molecule
    return molecule


def _laid_out(rng: Generator, settings: ChemistrySource, molecule: Chem.Mol) -> Chem.Mol:
    """A copy with places, wedges and the hydrogens that wedges need; some copies are turned."""
    layouts = shuffled(rng, (_by_depictor, _by_coordgen))
    placed = _clearest(molecule, layouts)
    if happens(rng, settings.turned_share):
        _turn(placed, rng.uniform(0, 2 * math.pi))
    aromatic = happens(rng, settings.aromatic_share)
    # Wedges come last: they depend on the places.
    return rdMolDraw2D.PrepareMolForDrawing(placed, kekulize=not aromatic, addChiralHs=True)


def _by_depictor(molecule: Chem.Mol) -> None:
    rdDepictor.Compute2DCoords(molecule, useRingTemplates=True)


def _by_coordgen(molecule: Chem.Mol) -> None:
    rdCoordGen.AddCoords(molecule)


def _clearest(molecule: Chem.Mol, layouts: Sequence[Callable[[Chem.Mol], None]]) -> Chem.Mol:
    """The first layout whose atoms keep apart, or else the one with the widest clearance."""
    best, widest = molecule, -1.0
    for lay_out in layouts:
        placed = Chem.Mol(molecule)
        lay_out(placed)
        clearance = _clearance(_places(placed))
        if clearance > widest:
            best, widest = placed, clearance
        if clearance >= _MIN_CLEARANCE:
            break
    return best


def _places(molecule: Chem.Mol) -> Places:
    return np.asarray(molecule.GetConformer().GetPositions()[:, :2], np.float64)


def _clearance(places: Places) -> float:
    """The smallest distance between two atoms; infinite for a single atom."""
    gaps = np.linalg.norm(places[:, None] - places[None, :], axis=-1)  # (atoms, atoms)
    np.fill_diagonal(gaps, math.inf)
    return float(gaps.min())


def _turn(molecule: Chem.Mol, radians: float) -> None:
    cosine, sine = math.cos(radians), math.sin(radians)
    turned = _places(molecule) @ np.array([[cosine, sine], [-sine, cosine]])
    conformer = molecule.GetConformer()
    for number, (x, y) in enumerate(turned.tolist()):
        conformer.SetAtomPosition(number, (x, y, 0.0))


def _as_drawn(prepared: Chem.Mol) -> str:
    """Canonical SMILES read from the drawing: chirality from wedges, E and Z from places."""
    read = Chem.Mol(prepared)
    for atom in read.GetAtoms():
        atom.SetChiralTag(Chem.ChiralType.CHI_UNSPECIFIED)
    for bond in read.GetBonds():
        bond.SetStereo(Chem.BondStereo.STEREONONE)
    Chem.AssignChiralTypesFromBondDirs(read)
    Chem.DetectBondStereochemistry(read)
    read = Chem.RemoveHs(read)
    Chem.AssignStereochemistry(read, cleanIt=True, force=True)
    smiles: str = Chem.MolToSmiles(read)
    return smiles


def _picture(
    rng: Generator, settings: ChemistrySource, prepared: Chem.Mol, smiles: str
) -> Image.Image:
    extent = np.ptp(_places(prepared), axis=0)
    least, most = settings.side_px
    # A bond's length of room around, for letters and for what stands beside the outermost atoms.
    longest = float(extent.max()) / _BOND + 2.5
    bond_px = min(rng.uniform(26, 64), most / longest)
    if bond_px < _MIN_BOND_PX:
        raise DocumentError(
            "page_too_large",
            f"molecule {_shown(smiles)} is not legible on {most} pixels; raise `side_px`",
        )
    sides = (extent / _BOND + 2.5) * bond_px * rng.uniform(1.0, 1.3)
    sides *= max(1.0, least / float(sides.max()))
    longest_px = min(float(sides.max()), most)
    width, height = (round(side) for side in sides.clip(longest_px / 3, longest_px).tolist())
    drawer = rdMolDraw2D.MolDraw2DCairo(width, height)
    _dress(rng, settings, drawer.drawOptions(), bond_px)
    drawer.DrawMolecule(prepared)
    drawer.FinishDrawing()
    with Image.open(io.BytesIO(drawer.GetDrawingText())) as picture:
        return picture.convert("RGB")


def _dress(
    rng: Generator,
    settings: ChemistrySource,
    options: Any,  # MolDrawOptions, but RDKit's stubs give its settings wrong types
    bond_px: float,
) -> None:
    options.prepareMolsBeforeDrawing = False
    options.fixedBondLength = bond_px
    options.includeMetadata = False
    options.padding = 0.02
    options.bondLineWidth = max(1.0, bond_px * rng.uniform(0.03, 0.07))
    options.multipleBondOffset = rng.uniform(0.12, 0.18)
    options.fixedFontSize = max(10, round(bond_px * rng.uniform(0.36, 0.5)))
    options.additionalAtomLabelPadding = rng.uniform(0.0, 0.08)
    options.fontFile = pick(rng, _FONTS)
    options.explicitMethyl = happens(rng, settings.methyl_share)
    options.setBackgroundColour(pick(rng, _PAPERS))
    if happens(rng, settings.colour_share):
        pick(rng, (options.useDefaultAtomPalette, options.useCDKAtomPalette))()
    else:
        options.useBWAtomPalette()
