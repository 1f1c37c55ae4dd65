"""Random formulas that read like a textbook's, as LaTeX in one normal form: lines and matrices.

The form: scripts always in braces, the lower before the upper; `\\left` and `\\right` around what
is taller than letters with scripts; a space after a command and around relations and signs; no
spacing commands but `\\,` before a differential. It compiles with amsmath, and matplotlib's
mathtext draws all of it but matrices and aligned lines. Letters that some fonts draw alike, or in
two forms under one name, are not used. `terms` has the terms that lines consist of.
"""

from __future__ import annotations

from dataclasses import dataclass

from numpy.random import Generator

from workers.synthetic.formulas.known import KNOWN
from workers.synthetic.formulas.terms import (
    CAPITALS,
    LATIN,
    commands,
    sample_letter,
    sample_number,
    sample_product,
    sample_sign,
    sample_sum,
    sample_symbol,
)
from workers.synthetic.sampling import happens, pick, within

RELATIONS = ("=",) * 8 + commands("leq geq approx equiv neq sim propto ll gg") + ("<", ">")


@dataclass(frozen=True, slots=True)
class Matrix:
    """Cells of LaTeX row by row, between `[` `]` or `|` `|`."""

    cells: tuple[tuple[str, ...], ...]
    fence: str

    @property
    def latex(self) -> str:
        """The matrix as an environment of amsmath."""
        name = {"[": "bmatrix", "|": "vmatrix"}[self.fence]
        rows = r" \\ ".join(" & ".join(row) for row in self.cells)
        return rf"\begin{{{name}}} {rows} \end{{{name}}}"


Line = tuple[str | Matrix, ...]
"""What stands on one line: pieces of LaTeX and matrices."""


@dataclass(frozen=True, slots=True)
class Formula:
    """Lines as (left side, relation and right side); several are aligned at their relations."""

    lines: tuple[tuple[Line, Line], ...]

    @property
    def latex(self) -> str:
        """The formula in normal form: several lines are `aligned`."""
        if len(self.lines) == 1:
            left, rest = self.lines[0]
            return _joined((*left, *rest))
        rows = " \\\\\n".join(
            f"{_joined(left)} & {_joined(rest)}".strip() for left, rest in self.lines
        )
        return f"\\begin{{aligned}}\n{rows}\n\\end{{aligned}}"


def _joined(line: Line) -> str:
    return " ".join(piece if isinstance(piece, str) else piece.latex for piece in line)


def sample_formula(rng: Generator, difficulty: int) -> Formula:
    """A formula of a difficulty from 1 to 5; see `schemas.charts.FormulaSource`."""
    if difficulty >= 4 and happens(rng, 0.22):
        return Formula((_matrix_line(rng, difficulty),))
    if difficulty >= 3 and happens(rng, 0.1 * difficulty - 0.1):
        return _several_lines(rng, difficulty)
    if happens(rng, 0.15):
        left, right = pick(rng, KNOWN)(rng)
        if happens(rng, 0.7):
            right += f" {sample_sign(rng)} {sample_product(rng)}"
        return Formula((((left,), (f"= {right}",)),))
    left = _left_side(rng, difficulty)
    right = sample_sum(rng, _depth(difficulty), 2 if difficulty == 1 else 3)
    return Formula((((left,), (f"{pick(rng, RELATIONS)} {right}",)),))


def _depth(difficulty: int) -> int:
    return (difficulty + 1) // 2


def _left_side(rng: Generator, difficulty: int) -> str:
    kind = rng.random()
    if kind < 0.35:
        return sample_symbol(rng)
    if kind < 0.6:
        name = pick(rng, ("f", "g", "h", "F", "P", "\\phi", "\\psi", "u"))
        argument = pick(rng, ("x", "t", "x, y", "r, \\theta", "z", "n"))
        return f"{name}({argument})"
    return sample_sum(rng, min(1, _depth(difficulty) - 1), 2)


def _several_lines(rng: Generator, difficulty: int) -> Formula:
    """A derivation, whose later lines begin with their relations, or a system of equations."""
    count = within(rng, (2, 3 if difficulty < 5 else 4))
    if happens(rng, 0.4):
        names = [pick(rng, LATIN) for _ in range(count)]
        return Formula(tuple(_equation(rng, name) for name in names))
    depth = _depth(difficulty) - 1
    first = (_left_side(rng, difficulty),), (f"= {sample_sum(rng, depth)}",)
    lines: list[tuple[Line, Line]] = [first]
    for _ in range(count - 1):
        lines.append(((), (f"{pick(rng, RELATIONS)} {sample_sum(rng, depth)}",)))
    return Formula(tuple(lines))


def _equation(rng: Generator, name: str) -> tuple[Line, Line]:
    left = sample_sum(rng, 0, 3)
    return (left,), (f"= {pick(rng, (sample_number(rng), name))}",)


def _matrix_line(rng: Generator, difficulty: int) -> tuple[Line, Line]:
    rows, columns = within(rng, (2, 3)), within(rng, (2, 3 if difficulty == 4 else 4))
    if happens(rng, 0.3):
        # The rule for the determinant of a 2 x 2 matrix.
        a, b, c, d = (sample_letter(rng) for _ in range(4))
        square = Matrix(((a, b), (c, d)), "|")
        return (square,), (f"= {a} {d} - {b} {c}",)
    name = f"\\mathbf{{{pick(rng, CAPITALS)}}}"
    kind = rng.random()
    letter = pick(rng, LATIN)
    if kind < 0.35:
        cells = [
            [f"{letter}_{{{i}{j}}}" for j in range(1, columns + 1)] for i in range(1, rows + 1)
        ]
    elif kind < 0.65:
        cells = [[str(within(rng, (-9, 20))) for _ in range(columns)] for _ in range(rows)]
    else:
        cells = [[sample_symbol(rng) for _ in range(columns)] for _ in range(rows)]
    matrix = Matrix(tuple(map(tuple, cells)), "[")
    if happens(rng, 0.3):
        column = Matrix(tuple((f"x_{{{j}}}",) for j in range(1, columns + 1)), "[")
        result = Matrix(tuple((f"y_{{{i}}}",) for i in range(1, rows + 1)), "[")
        return (matrix, column), ("=", result)
    return (name,), ("=", matrix)
