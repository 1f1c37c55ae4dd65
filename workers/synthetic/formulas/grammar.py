"""Random formulas that read like a textbook's, as LaTeX in one normal form.

The form: scripts always in braces, the lower before the upper; `\\left` and `\\right` around what
is taller than letters with scripts; a space after a command and around relations and signs; no
spacing commands but `\\,` before a differential. It compiles with amsmath, and what is not in
matrices or aligned is in the subset that matplotlib's mathtext draws. Letters that fonts draw
alike, or by two forms under one name, are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from numpy.random import Generator

from workers.synthetic.formulas.known import INDICES, KNOWN
from workers.synthetic.sampling import happens, pick, within


def _commands(*names: str) -> tuple[str, ...]:
    return tuple("\\" + name for line in names for name in line.split())


LATIN = tuple("abcdghkmnpqrstuvwxyz")
CAPITALS = tuple("ABCDFGHKLMNPQRSTUVXYZ")
GREEK = _commands(
    "alpha beta gamma delta zeta eta theta kappa lambda mu nu xi rho sigma tau phi varphi",
    "chi psi omega Gamma Delta Theta Lambda Sigma Phi Psi Omega",
)
FUNCTIONS = _commands("sin cos tan log ln exp sinh cosh tanh arctan arcsin cot")
RELATIONS = ("=",) * 8 + _commands("leq geq approx equiv neq sim propto ll gg") + ("<", ">")
_TALL = ("\\frac", "\\sqrt", "\\binom", "\\sum", "\\prod", "\\int", "\\lim", "\\left")
ACCENTS = ("\\hat", "\\bar", "\\tilde", "\\vec", "\\dot", "\\ddot")


@dataclass(frozen=True, slots=True)
class Matrix:
    """Cells of LaTeX row by row, between `[` `]` or `|` `|`."""

    cells: tuple[tuple[str, ...], ...]
    fence: str

    @property
    def latex(self) -> str:
        """As amsmath writes it."""
        name = {"[": "bmatrix", "|": "vmatrix"}[self.fence]
        rows = r" \\ ".join(" & ".join(row) for row in self.cells)
        return rf"\begin{{{name}}} {rows} \end{{{name}}}"


Line = tuple[str | Matrix, ...]
"""What stands on one line: pieces of LaTeX and matrices."""


@dataclass(frozen=True, slots=True)
class Formula:
    """Lines that are aligned at their first relation where there are several.

    Each line is (left side, the relation and the rest).
    """

    lines: tuple[tuple[Line, Line], ...]

    @property
    def latex(self) -> str:
        """One normal form: `aligned` where there are several lines."""
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
            right += f" {_sign(rng)} {_product(rng)}"
        return Formula((((left,), (f"= {right}",)),))
    left = _left_side(rng, difficulty)
    right = _sum(rng, _depth(difficulty), 2 if difficulty == 1 else 3)
    return Formula((((left,), (f"{pick(rng, RELATIONS)} {right}",)),))


def _depth(difficulty: int) -> int:
    return (difficulty + 1) // 2


# ---- small parts ----


def _letter(rng: Generator) -> str:
    return pick(rng, pick(rng, (LATIN, LATIN, LATIN, GREEK, GREEK, CAPITALS)))


def _number(rng: Generator) -> str:
    kind = rng.random()
    if kind < 0.75:
        return str(within(rng, (2, 12)))
    return str(within(rng, (13, 999))) if kind < 0.9 else f"{within(rng, (1, 99)) / 10:.1f}"


def _symbol(rng: Generator) -> str:
    """A letter, perhaps with an index, an accent or a power."""
    letter, kind = _letter(rng), rng.random()
    if kind < 0.5:
        return letter
    if kind < 0.72:
        return f"{letter}_{{{_index(rng)}}}"
    if kind < 0.85:
        power = pick(rng, ("2", "2", "3", "n", "k", "-1", "\\ast"))
        return f"{letter}^{{{power}}}"
    if kind < 0.93:
        return f"{letter}_{{{_index(rng)}}}^{{{pick(rng, ('2', '3', 'n', 'T', '(k)'))}}}"
    return f"{pick(rng, ACCENTS)}{{{pick(rng, LATIN)}}}"


def _index(rng: Generator) -> str:
    return pick(
        rng, ("0", "1", "2", "i", "j", "k", "n", "n+1", "i-1", "ij", "\\max", "\\mathrm{eff}")
    )


def _product(rng: Generator) -> str:
    """A coefficient and one to three symbols."""
    symbols = [_symbol(rng) for _ in range(within(rng, (1, 2)))]
    return " ".join(([_number(rng)] if happens(rng, 0.3) else []) + symbols)


def _sign(rng: Generator) -> str:
    return pick(rng, ("+", "+", "-", "-", "+"))


def _sum(rng: Generator, depth: int, most: int = 3) -> str:
    """Terms with signs between; `depth` levels may hold others."""
    terms = [_term(rng, depth) for _ in range(within(rng, (1 if depth else 2, most)))]
    text = terms[0]
    for term in terms[1:]:
        text += f" {_sign(rng)} {term}"
    return text


def _term(rng: Generator, depth: int) -> str:
    if depth <= 0 or happens(rng, 0.3):
        return _product(rng)
    return pick(rng, _TERMS)(rng, depth - 1)


def _fraction(rng: Generator, depth: int) -> str:
    return f"\\frac{{{_sum(rng, depth, 2)}}}{{{_sum(rng, depth, 2)}}}"


def _root(rng: Generator, depth: int) -> str:
    degree = pick(rng, ("", "", "", "[3]", "[4]", "[n]"))
    return f"\\sqrt{degree}{{{_sum(rng, depth, 2)}}}"


def _bracket(rng: Generator, depth: int) -> str:
    """Brackets that fit, perhaps with a power."""
    fences = pick(rng, (("(", ")"), ("(", ")"), ("[", "]"), ("|", "|"), ("\\{", "\\}")))
    power = "^{" + pick(rng, ("2", "3", "n", "-1", "\\alpha")) + "}" if happens(rng, 0.4) else ""
    inside = _sum(rng, depth, 2)
    if fences[0] == "[" and not _is_tall(inside):
        # LaTeX takes a bare one that begins a line for an option of what stands before.
        fences = ("(", ")")
    return fenced(inside, *fences) + power


def _is_tall(latex: str) -> bool:
    return any(command in latex for command in _TALL)


def fenced(inside: str, open_: str = "(", close: str = ")") -> str:
    """`inside` in brackets, which grow where it is taller than letters with scripts.

    >>> fenced("x + y")
    '(x + y)'
    """
    if _is_tall(inside):
        return f"\\left{open_} {inside} \\right{close}"
    gap = " " if open_.startswith("\\") else ""
    return f"{open_}{gap}{inside}{gap}{close}"


def _function(rng: Generator, depth: int) -> str:
    name = pick(rng, FUNCTIONS)
    power = "^{2}" if happens(rng, 0.15) and name in ("\\sin", "\\cos", "\\tan") else ""
    if happens(rng, 0.4):
        return f"{name}{power} {_letter(rng)}"
    return f"{name}{power} {fenced(_sum(rng, depth, 2))}"


def _exponential(rng: Generator, depth: int) -> str:
    sign = "-" if happens(rng, 0.5) else ""
    return f"e^{{{sign}{_product(rng)}}}"


def _big_sum(rng: Generator, depth: int) -> str:
    index = pick(rng, INDICES)
    top = pick(rng, ("\\infty", "\\infty", "N", "N-1", "M", "L"))
    name = pick(rng, ("\\sum", "\\sum", "\\sum", "\\prod"))
    letter, other = pick(rng, LATIN), pick(rng, ("x", "z", "t"))
    body = pick(
        rng,
        (
            f"{letter}_{{{index}}}",
            f"{letter}_{{{index}}} {other}^{{{index}}}",
            f"\\frac{{{other}^{{{index}}}}}{{{index}!}}",
            f"\\frac{{1}}{{{index}^{{{within(rng, (2, 6))}}}}}",
            f"({letter}_{{{index}}} - \\bar{{{letter}}})^{{2}}",
        ),
    )
    return f"{name}_{{{index}={within(rng, (0, 2))}}}^{{{top}}} {body}"


def _integral(rng: Generator, depth: int) -> str:
    variable = pick(rng, ("x", "t", "u", "s", "\\theta", "\\omega"))
    low, high = pick(
        rng,
        (("0", "1"), ("0", "\\infty"), ("-\\infty", "\\infty"), ("a", "b"), ("0", "2\\pi"),
         ("0", "T"), ("-\\pi", "\\pi")),
    )  # fmt: skip
    factor = pick(rng, ("a ", "\\alpha ", "k ", ""))
    inside = pick(
        rng,
        (
            f"f({variable})",
            f"e^{{-{factor}{variable}^{{2}}}}",
            f"{pick(rng, FUNCTIONS[:3])} {variable}",
            f"{variable}^{{{_number_small(rng)}}}",
            f"\\frac{{1}}{{1 + {variable}^{{2}}}}",
            f"\\sqrt{{{_number_small(rng)} - {variable}^{{2}}}}",
        ),
    )
    return f"\\int_{{{low}}}^{{{high}}} {inside} \\, d {variable}"


def _number_small(rng: Generator) -> str:
    return str(within(rng, (2, 9)))


def _limit(rng: Generator, depth: int) -> str:
    variable = pick(rng, ("x", "n", "h", "t"))
    goal = pick(rng, ("0", "\\infty", "a", "1"))
    return f"\\lim_{{{variable} \\to {goal}}} {_fraction(rng, 0)}"


def _derivative(rng: Generator, depth: int) -> str:
    d = pick(rng, ("d", "\\partial"))
    top, bottom = pick(rng, ("y", "f", "u", "\\psi", "T")), pick(rng, ("x", "t", "r", "\\theta"))
    if happens(rng, 0.4):
        return f"\\frac{{{d}^{{2}} {top}}}{{{d} {bottom}^{{2}}}}"
    return f"\\frac{{{d} {top}}}{{{d} {bottom}}}"


def _binomial(rng: Generator, depth: int) -> str:
    return f"\\binom{{{pick(rng, ('n', 'N', 'm', '2n'))}}}{{{pick(rng, ('k', 'i', 'r', 'n'))}}}"


_TERMS: tuple[Callable[[Generator, int], str], ...] = (
    _fraction,
    _fraction,
    _fraction,
    _root,
    _root,
    _bracket,
    _function,
    _function,
    _exponential,
    _big_sum,
    _integral,
    _limit,
    _derivative,
    _binomial,
)

# ---- whole lines ----


def _left_side(rng: Generator, difficulty: int) -> str:
    kind = rng.random()
    if kind < 0.35:
        return _symbol(rng)
    if kind < 0.6:
        name = pick(rng, ("f", "g", "h", "F", "P", "\\phi", "\\psi", "u"))
        argument = pick(rng, ("x", "t", "x, y", "r, \\theta", "z", "n"))
        return f"{name}({argument})"
    return _sum(rng, min(1, _depth(difficulty) - 1), 2)


def _several_lines(rng: Generator, difficulty: int) -> Formula:
    """A derivation: later lines begin with their relation; or a system of equations."""
    count = within(rng, (2, 3 if difficulty < 5 else 4))
    if happens(rng, 0.4):
        names = [pick(rng, LATIN) for _ in range(count)]
        return Formula(
            tuple(((_sum(rng, 0, 3),), (f"= {pick(rng, (_number(rng), name))}",)) for name in names)
        )
    depth = _depth(difficulty) - 1
    lines: list[tuple[Line, Line]] = [((_left_side(rng, difficulty),), (f"= {_sum(rng, depth)}",))]
    for _ in range(count - 1):
        lines.append(((), (f"{pick(rng, RELATIONS)} {_sum(rng, depth)}",)))
    return Formula(tuple(lines))


def _matrix_line(rng: Generator, difficulty: int) -> tuple[Line, Line]:
    rows, columns = within(rng, (2, 3)), within(rng, (2, 3 if difficulty == 4 else 4))
    if happens(rng, 0.3):
        # The rule for a determinant of two rows.
        a, b, c, d = (_letter(rng) for _ in range(4))
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
        cells = [[_symbol(rng) for _ in range(columns)] for _ in range(rows)]
    matrix = Matrix(tuple(map(tuple, cells)), "[")
    if happens(rng, 0.3):
        column = Matrix(tuple((f"x_{{{j}}}",) for j in range(1, columns + 1)), "[")
        result = Matrix(tuple((f"y_{{{i}}}",) for i in range(1, rows + 1)), "[")
        return (matrix, column), ("=", result)
    return (name,), ("=", matrix)
