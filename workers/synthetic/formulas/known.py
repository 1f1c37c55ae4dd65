"""Well-known formulas in random letters, each as (left side, right side) of `=`."""

from __future__ import annotations

from collections.abc import Callable

from numpy.random import Generator

from workers.synthetic.sampling import happens, pick

INDICES = tuple("ijkmn")


def _quadratic(rng: Generator) -> tuple[str, str]:
    x, a, b, c = (
        pick(rng, ("x", "t", "z", "\\lambda")),
        *pick(rng, (("a", "b", "c"), ("p", "q", "r"))),
    )
    return f"{x}_{{1,2}}", f"\\frac{{-{b} \\pm \\sqrt{{{b}^{{2}} - 4 {a} {c}}}}}{{2 {a}}}"


def _series(rng: Generator) -> tuple[str, str]:
    x = pick(rng, ("x", "z", "t"))
    n = pick(rng, INDICES)
    name, term = pick(
        rng,
        (
            (f"e^{{{x}}}", f"\\frac{{{x}^{{{n}}}}}{{{n}!}}"),
            (f"\\frac{{1}}{{1 - {x}}}", f"{x}^{{{n}}}"),
            (f"\\cos {x}", f"\\frac{{(-1)^{{{n}}} {x}^{{2{n}}}}}{{(2{n})!}}"),
            (f"\\sin {x}", f"\\frac{{(-1)^{{{n}}} {x}^{{2{n}+1}}}}{{(2{n}+1)!}}"),
        ),
    )
    return name, f"\\sum_{{{n}=0}}^{{\\infty}} {term}"


def _mean(rng: Generator) -> tuple[str, str]:
    x, n = pick(rng, ("x", "y", "r", "v")), pick(rng, ("n", "N", "m"))
    if happens(rng, 0.5):
        return f"\\bar{{{x}}}", f"\\frac{{1}}{{{n}}} \\sum_{{i=1}}^{{{n}}} {x}_{{i}}"
    spread = f"\\sum_{{i=1}}^{{{n}}} ({x}_{{i}} - \\bar{{{x}}})^{{2}}"
    return "s^{2}", f"\\frac{{1}}{{{n} - 1}} {spread}"


def _density(rng: Generator) -> tuple[str, str]:
    x = pick(rng, ("x", "y", "z"))
    power = f"-\\frac{{({x} - \\mu)^{{2}}}}{{2 \\sigma^{{2}}}}"
    factor = pick(
        rng, ("\\frac{1}{\\sigma \\sqrt{2 \\pi}}", "\\frac{1}{\\sqrt{2 \\pi \\sigma^{2}}}")
    )
    return f"f({x})", f"{factor} \\exp \\left( {power} \\right)"


def _wave(rng: Generator) -> tuple[str, str]:
    u, c = pick(rng, ("u", "\\psi", "\\phi", "E")), pick(rng, ("c", "v", "a"))
    left = f"\\frac{{\\partial^{{2}} {u}}}{{\\partial t^{{2}}}}"
    return left, f"{c}^{{2}} \\frac{{\\partial^{{2}} {u}}}{{\\partial x^{{2}}}}"


def _binomial_theorem(rng: Generator) -> tuple[str, str]:
    a, b = pick(rng, (("a", "b"), ("x", "y"), ("p", "q"), ("u", "v")))
    k = pick(rng, ("k", "i", "j"))
    right = f"\\sum_{{{k}=0}}^{{n}} \\binom{{n}}{{{k}}} {a}^{{n-{k}}} {b}^{{{k}}}"
    return f"({a} + {b})^{{n}}", right


def _transform(rng: Generator) -> tuple[str, str]:
    if happens(rng, 0.5):
        return "F(s)", "\\int_{0}^{\\infty} f(t) e^{-s t} \\, d t"
    right = "\\int_{-\\infty}^{\\infty} f(x) e^{-2 \\pi i x \\xi} \\, d x"
    return "\\hat{f}(\\xi)", right


def _softmax(rng: Generator) -> tuple[str, str]:
    x, n = pick(rng, ("x", "z", "a")), pick(rng, ("K", "n", "N"))
    return "p_{i}", f"\\frac{{e^{{{x}_{{i}}}}}}{{\\sum_{{j=1}}^{{{n}}} e^{{{x}_{{j}}}}}}"


def _bayes(rng: Generator) -> tuple[str, str]:
    a, b = pick(rng, (("A", "B"), ("H", "E"), ("\\theta", "x"), ("X", "Y")))
    right = f"\\frac{{P({b} \\mid {a}) P({a})}}{{P({b})}}"
    return f"P({a} \\mid {b})", right


KNOWN: tuple[Callable[[Generator], tuple[str, str]], ...] = (
    _quadratic,
    _series,
    _mean,
    _density,
    _wave,
    _binomial_theorem,
    _transform,
    _softmax,
    _bayes,
)
