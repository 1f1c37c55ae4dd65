"""Random terms of formulas as LaTeX: letters, products, fractions, roots, sums, integrals.

`depth` says how many levels of terms a term may hold.
"""

from __future__ import annotations

from collections.abc import Callable

from numpy.random import Generator

from workers.synthetic.formulas.known import INDICES
from workers.synthetic.sampling import happens, pick, within


def commands(*names: str) -> tuple[str, ...]:
    """LaTeX commands, of names separated by spaces."""
    return tuple("\\" + name for line in names for name in line.split())


LATIN = tuple("abcdghkmnpqrstuvwxyz")
CAPITALS = tuple("ABCDFGHKLMNPQRSTUVXYZ")
GREEK = commands(
    "alpha beta gamma delta zeta eta theta kappa lambda mu nu xi rho sigma tau phi varphi",
    "chi psi omega Gamma Delta Theta Lambda Sigma Phi Psi Omega",
)
FUNCTIONS = commands("sin cos tan log ln exp sinh cosh tanh arctan arcsin cot")
_TALL = ("\\frac", "\\sqrt", "\\binom", "\\sum", "\\prod", "\\int", "\\lim", "\\left")
ACCENTS = ("\\hat", "\\bar", "\\tilde", "\\vec", "\\dot", "\\ddot")


def sample_letter(rng: Generator) -> str:
    """A Latin or Greek letter."""
    return pick(rng, pick(rng, (LATIN, LATIN, LATIN, GREEK, GREEK, CAPITALS)))


def sample_number(rng: Generator) -> str:
    """A number from 2 to 999, or one from 0.1 to 9.9."""
    kind = rng.random()
    if kind < 0.75:
        return str(within(rng, (2, 12)))
    return str(within(rng, (13, 999))) if kind < 0.9 else f"{within(rng, (1, 99)) / 10:.1f}"


def sample_symbol(rng: Generator) -> str:
    """A letter, perhaps with an index, an accent or a power."""
    letter, kind = sample_letter(rng), rng.random()
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


def sample_product(rng: Generator) -> str:
    """One or two symbols, some with a coefficient."""
    symbols = [sample_symbol(rng) for _ in range(within(rng, (1, 2)))]
    return " ".join(([sample_number(rng)] if happens(rng, 0.3) else []) + symbols)


def sample_sign(rng: Generator) -> str:
    """Plus or minus."""
    return pick(rng, ("+", "+", "-", "-", "+"))


def sample_sum(rng: Generator, depth: int, most: int = 3) -> str:
    """Up to `most` terms with signs between them."""
    terms = [_term(rng, depth) for _ in range(within(rng, (1 if depth else 2, most)))]
    text = terms[0]
    for term in terms[1:]:
        text += f" {sample_sign(rng)} {term}"
    return text


def _term(rng: Generator, depth: int) -> str:
    if depth <= 0 or happens(rng, 0.3):
        return sample_product(rng)
    return pick(rng, _TERMS)(rng, depth - 1)


def _fraction(rng: Generator, depth: int) -> str:
    return f"\\frac{{{sample_sum(rng, depth, 2)}}}{{{sample_sum(rng, depth, 2)}}}"


def _root(rng: Generator, depth: int) -> str:
    degree = pick(rng, ("", "", "", "[3]", "[4]", "[n]"))
    return f"\\sqrt{degree}{{{sample_sum(rng, depth, 2)}}}"


def _bracket(rng: Generator, depth: int) -> str:
    """A sum in brackets that fit it, some with a power."""
    fences = pick(rng, (("(", ")"), ("(", ")"), ("[", "]"), ("|", "|"), ("\\{", "\\}")))
    power = "^{" + pick(rng, ("2", "3", "n", "-1", "\\alpha")) + "}" if happens(rng, 0.4) else ""
    inside = sample_sum(rng, depth, 2)
    if fences[0] == "[" and not _is_tall(inside):
        # At the start of a line, LaTeX reads a plain `[` as an option of the command before it.
        fences = ("(", ")")
    return fenced(inside, *fences) + power


def _is_tall(latex: str) -> bool:
    return any(command in latex for command in _TALL)


def fenced(inside: str, open_: str = "(", close: str = ")") -> str:
    """`inside` in brackets, which grow if it is taller than letters with scripts.

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
        return f"{name}{power} {sample_letter(rng)}"
    return f"{name}{power} {fenced(sample_sum(rng, depth, 2))}"


def _exponential(rng: Generator, depth: int) -> str:
    sign = "-" if happens(rng, 0.5) else ""
    return f"e^{{{sign}{sample_product(rng)}}}"


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
