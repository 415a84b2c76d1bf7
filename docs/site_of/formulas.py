"""Formulas as MathML, which browsers show without a script; and one-line rules of NumPy as formulas."""

import ast
import re

from docutils import nodes
from latex2mathml.converter import convert

SUM, PRODUCT, UNARY, POWER, ATOM = range(5)
GREEK = {"alpha", "beta", "gamma", "delta", "eps", "theta", "lambda", "mu", "nu", "rho", "sigma", "tau"}
CALLS = {
    "sqrt": r"\sqrt{%s}",
    "exp": r"e^{%s}",
    "exp2": r"2^{%s}",
    "abs": r"\left|%s\right|",
    "conj": r"\overline{%s}",
}
PLAIN = {"log", "sin", "cos", "tan", "sinh", "cosh", "tanh", "arctan", "max", "min", "det"}
SIGNS = {ast.Lt: "<", ast.Gt: ">", ast.LtE: r"\le", ast.GtE: r"\ge", ast.Eq: "=", ast.NotEq: r"\ne"}
ROW = re.compile(r"^\| (`[^|]*`)? \| (`\w+`) \| `([^`|]+)`", re.MULTILINE)


def inline(self, node):
    """A formula within a line."""
    self.body.append(convert(node.astext()))
    raise nodes.SkipNode


def block(self, node):
    """A formula on lines of its own."""
    text = node.astext()
    rows = re.sub(r"\\(begin|end)\{(aligned|split)\}", "", text).split(r"\\")
    lines = [convert(row.replace("&", "").strip(), display="block") for row in rows if row.strip()]
    self.body.append(f'<div class="formula">{"".join(f"<div>{line}</div>" for line in lines)}</div>')
    raise nodes.SkipNode


def typeset(app, page, source):
    """Put the formula before each rule of the table of derivatives that is one line of arithmetic."""
    if page == "derivatives":
        source[0] = ROW.sub(
            lambda row: f"| {row[1] or ''} | {row[2]} | {formula(row[3])}`{row[3]}`", source[0]
        )


def formula(rule):
    """A rule as a formula, followed by a space; nothing if it is more than arithmetic."""
    try:
        return f"${tex(ast.parse(rule, mode='eval').body)[0]}$ "
    except (KeyError, SyntaxError):
        return ""


def tex(node):
    """A node of the syntax tree as LaTeX, and how tightly it binds; KeyError if it is no arithmetic."""
    match node:
        case ast.Name(id=name):
            return word(name), ATOM
        case ast.Constant(value=int() | float() as value):
            return f"{value:g}", ATOM
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            return f"-{inside(inner, PRODUCT)}", UNARY
        case ast.BinOp(left=a, op=ast.Add(), right=b):
            return f"{inside(a, SUM)} + {inside(b, SUM)}", SUM
        case ast.BinOp(left=a, op=ast.Sub(), right=b):
            return f"{inside(a, SUM)} - {inside(b, PRODUCT)}", SUM
        case ast.BinOp(left=a, op=ast.Mult(), right=b):
            return rf"{first(a)} \, {inside(b, PRODUCT)}", PRODUCT
        case ast.BinOp(left=a, op=ast.MatMult(), right=b):
            return f"{first(a)} {inside(b, PRODUCT)}", PRODUCT
        case ast.BinOp(left=a, op=ast.Div(), right=b):
            return rf"\frac{{{tex(a)[0]}}}{{{tex(b)[0]}}}", PRODUCT
        case ast.BinOp(left=a, op=ast.Pow(), right=b):
            return f"{{{inside(a, ATOM)}}}^{{{tex(b)[0]}}}", POWER
        case ast.Attribute(value=inner, attr="T" | "mT"):
            return f"{{{inside(inner, ATOM)}}}^{{\\top}}", POWER
        case ast.Call(func=called, args=[one], keywords=[]):
            name = called.id if isinstance(called, ast.Name) else called.attr
            written = CALLS.get(name)
            if written:
                return written % tex(one)[0], POWER if name.startswith("exp") else ATOM
            known = rf"\{name}" if name in PLAIN else rf"\operatorname{{{word(name, plain=True)}}}"
            return known + bracketed(tex(one)[0]), ATOM
        case ast.Compare(left=a, ops=[op], comparators=[b]):
            return rf"\left[{tex(a)[0]} {SIGNS[type(op)]} {tex(b)[0]}\right]", ATOM
    raise KeyError(type(node).__name__)


def inside(node, binding):
    """LaTeX of a part, in brackets where what is around it binds more tightly."""
    text, own = tex(node)
    return bracketed(text) if own < binding or (own == UNARY and binding > SUM) else text


def first(node):
    """LaTeX of what a product begins with, where a sign needs no brackets."""
    text, own = tex(node)
    return bracketed(text) if own < PRODUCT else text


def bracketed(text):
    """Text in brackets, high ones only around fractions."""
    return rf"\left({text}\right)" if "frac" in text else f"({text})"


def word(name, plain=False):
    """A name as LaTeX."""
    if name in GREEK:
        return "\\" + {"eps": "epsilon"}.get(name, name)
    text = name.replace("_", r"\_")
    return text if len(name) == 1 or plain else rf"\mathrm{{{text}}}"
