"""The classic layers against their hand derivations, by `check.derivation`, and classic mistakes in these."""

import ast

import numpy as np
import pytest

import nn
from autograd import check

from . import derivations_nn as by_hand
from .cases_nn import filled
from .derivations import Derivation, drawn, zeros_and_ones
from .mistakes import made_by, planted, statements, syntax


def layer(made, seed):
    return {"layer": filled(made, np.random.default_rng(seed))}


CLASSES = {"classes": np.array([0, 3, 1, 2, 3])}

# A derivation, and the gradients of values inside its layer, for which forward has no name.
DERIVATIONS = [
    (
        Derivation(
            "linear",
            by_hand.linear_forward,
            by_hand.linear_backward,
            drawn(1, x=(5, 3), target=(5, 4)) | layer(nn.Linear(3, 4), 1),
        ),
        (),
    ),
    (
        Derivation(
            "sigmoid and binary cross-entropy",
            by_hand.bernoulli_forward,
            by_hand.bernoulli_backward,
            drawn(2, x=(5, 3)) | layer(nn.Linear(3, 2), 2) | {"y": zeros_and_ones(2, 5, 2)},
        ),
        (),
    ),
    (
        Derivation(
            "binary cross-entropy with logits",
            by_hand.logits_forward,
            by_hand.logits_backward,
            drawn(3, x=(5, 3)) | layer(nn.Linear(3, 2), 3) | {"y": zeros_and_ones(3, 5, 2)},
        ),
        (),
    ),
    (
        Derivation(
            "softmax and negative log-likelihood",
            by_hand.categorical_forward,
            by_hand.categorical_backward,
            drawn(4, x=(5, 3)) | layer(nn.Linear(3, 4), 4) | CLASSES,
        ),
        (),
    ),
    (
        Derivation(
            "cross-entropy",
            by_hand.classes_forward,
            by_hand.classes_backward,
            drawn(5, x=(5, 3)) | layer(nn.Linear(3, 4), 5) | CLASSES,
        ),
        (),
    ),
    (
        Derivation(
            "batch norm",
            by_hand.batch_forward,
            by_hand.batch_backward,
            drawn(6, x=(6, 3), target=(6, 3)) | layer(nn.BatchNorm1d(3), 6),
        ),
        ("dxhat", "dvar", "dmean"),
    ),
    (
        Derivation(
            "batch norm, compact",
            by_hand.standard_forward,
            by_hand.standard_backward,
            drawn(7, x=(6, 3), target=(6, 3), gamma=(3,), beta=(3,)),
        ),
        (),
    ),
    (
        Derivation(
            "batch norm of images",
            by_hand.batch_forward,
            by_hand.images_backward,
            drawn(8, x=(3, 2, 4, 3), target=(3, 2, 4, 3)) | layer(nn.BatchNorm2d(2), 8),
        ),
        ("dxhat",),
    ),
    (
        Derivation(
            "batch norm in evaluation",
            by_hand.batch_forward,
            by_hand.evaluation_backward,
            drawn(9, x=(6, 3), target=(6, 3)) | layer(nn.BatchNorm1d(3).eval(), 9),
        ),
        (),
    ),
    (
        Derivation(
            "convolution",
            by_hand.convolution_forward,
            by_hand.convolution_backward,
            drawn(10, x=(2, 3, 6, 5), target=(2, 4, 4, 3)) | layer(nn.Conv2d(3, 4, 3), 10),
        ),
        (),
    ),
    (
        Derivation(
            "convolution with stride, padding and groups",
            by_hand.convolution_forward,
            by_hand.grouped_backward,
            drawn(11, x=(2, 4, 6, 5), target=(2, 6, 3, 3))
            | layer(nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2), 11),
        ),
        ("dwide",),
    ),
    (
        Derivation(
            "RNN step",
            by_hand.step_forward,
            by_hand.step_backward,
            drawn(12, x=(3, 2, 5), h0=(2, 4), weight_ih=(4, 5), weight_hh=(4, 4), target=(3, 2, 4))
            | drawn(13, bias_ih=(4,), bias_hh=(4,)),
        ),
        (),
    ),
    (
        Derivation(
            "RNN through time",
            by_hand.rnn_forward,
            by_hand.rnn_backward,
            drawn(14, x=(4, 2, 3), target=(4, 2, 4)) | layer(nn.RNN(3, 4), 14),
        ),
        ("da",),
    ),
    (
        Derivation(
            "attention in its parts",
            by_hand.attention_forward,
            by_hand.attention_backward,
            drawn(15, q=(2, 4, 3), k=(2, 5, 3), v=(2, 5, 2), target=(2, 4, 2)),
        ),
        (),
    ),
    (
        Derivation(
            "attention",
            by_hand.fused_attention_forward,
            by_hand.attention_backward,
            drawn(16, q=(2, 4, 3), k=(2, 5, 3), v=(2, 5, 2), target=(2, 4, 2)),
        ),
        ("dp", "ds"),
    ),
    (
        Derivation(
            "attention of two heads",
            by_hand.heads_forward,
            by_hand.heads_backward,
            drawn(17, x=(2, 3, 4), target=(2, 3, 4))
            | layer(nn.MultiheadAttention(4, 2, batch_first=True), 17),
        ),
        ("do", "dv", "dp", "ds", "dq", "dk", "dz"),
    ),
]


def judged(derivation, backward=None):
    return check.derivation(derivation.forward, backward or derivation.backward, derivation.inputs)


@pytest.mark.parametrize(("derivation", "inside"), DERIVATIONS, ids=str)
def test_a_layer_is_as_derived_by_hand(derivation, inside):
    report = judged(derivation)
    assert report.ok, report
    assert {line.verdict for line in report.lines} == {"right"}, report
    made = {s.name for s in statements(syntax(derivation))}
    assert {line.name for line in report.lines} | set(inside) >= made
    assert not report.unmatched


# The classic mistakes: the derivation, the line that is made wrong, and the kind of the mistake.
MISTAKES = [
    ("linear", "dy = 2 * (y - target)", "factor"),
    ("linear", "dy = 2 * (target - y) / y.size", "sign"),
    ("linear", "dbias = dy", "shape"),
    ("linear", "dbias = dy.mean(axis=0)", "factor"),
    ("linear", "dweight = x.T @ dy", "transpose"),
    ("sigmoid and binary cross-entropy", "dz = dp * p", "missing-factor"),
    ("sigmoid and binary cross-entropy", "dz = p - y", "factor"),
    ("sigmoid and binary cross-entropy", "dp = (p - y) / (p * (1 - p))", "factor"),
    ("sigmoid and binary cross-entropy", "dweight = dp.T @ x", "wrong-variable"),
    ("binary cross-entropy with logits", "dz = p - y", "factor"),
    ("binary cross-entropy with logits", "dz = (p - y) * p * (1 - p) / y.size", "extra-factor"),
    ("binary cross-entropy with logits", "dz = (z - y) / y.size", "wrong-variable"),
    ("softmax and negative log-likelihood", "dz = dp * p * (1 - p)", "jacobian"),
    ("softmax and negative log-likelihood", "dz = p * dp", "jacobian"),
    ("softmax and negative log-likelihood", "dz = p * (dp - (dp * p).sum(axis=0))", "shape"),
    ("cross-entropy", "dz = p - np.eye(p.shape[1])[classes]", "factor"),
    ("cross-entropy", "dz = p / n", "missing-term"),
    ("cross-entropy", "dz = (np.eye(p.shape[1])[classes] - p) / n", "sign"),
    ("batch norm", "dx = dxhat / std", "jacobian"),
    ("batch norm", "dx = dxhat / std + dmean / n", "jacobian"),
    ("batch norm", "dx = dxhat / std + dvar * 2 * (x - mean) / n", "jacobian"),
    ("batch norm", "dweight = dy.sum(axis=0)", "missing-factor"),
    ("batch norm, compact", "dxhat = dy", "missing-factor"),
    ("batch norm, compact", "dx = dxhat / std", "jacobian"),
    ("batch norm of images", "dbias = dy.sum(axis=0)", "shape"),
    ("batch norm of images", "dx = dxhat / std", "jacobian"),
    ("batch norm in evaluation", "dx = dy / std", "missing-factor"),
    ("batch norm in evaluation", "dx = dy * weight * std", "extra-factor"),
    ("convolution", "dbias = dy.sum(axis=0)", "shape"),
    (
        "convolution",
        "dx = np.einsum('nfijkl,fckl->ncij', windows(wide, (k, l), axis=(2, 3)), weight)",
        "wrong-variable",
    ),
    (
        "convolution with stride, padding and groups",
        "dwide[at] = np.einsum('nf,fckl->nckl', dy[:, f, i, j], weight[f])",
        "overwritten",
    ),
    ("RNN step", "dh = 2 * (h - target[t]) / target.size", "missing-term"),
    ("RNN step", "da = dh * (1 - h)", "missing-factor"),
    ("RNN step", "da = dh", "missing-factor"),
    ("RNN step", "dweight_hh += da.T @ h", "wrong-variable"),
    ("RNN step", "dweight_ih = da.T @ x[t]", "overwritten"),
    ("RNN through time", "dbias_hh_l0 = da.sum(axis=0)", "shape"),
    ("RNN through time", "dweight_hh_l0 = np.einsum('tnh,tnk->hk', da, y)", "wrong-variable"),
    ("attention in its parts", "dq = ds @ k", "factor"),
    ("attention in its parts", "ds = p * dp", "jacobian"),
    ("attention in its parts", "dk = ds @ q / np.sqrt(d)", "transpose"),
    ("attention", "dq = ds @ k", "factor"),
    ("attention", "ds = p * dp", "jacobian"),
    ("attention", "dv = p @ dy", "transpose"),
    ("attention of two heads", "din_proj_weight = np.einsum('nlo,nli->io', dz, x)", "transpose"),
    ("attention of two heads", "dbias = dy.sum(axis=1)", "shape"),
]


def mistaken(name, text):
    """A derivation, the values inside its layer, and the mistake in the last line that makes a gradient."""
    derivation, inside = next(row for row in DERIVATIONS if row[0].name == name)
    wrong = ast.parse(text)
    gradient = next(made_by(wrong.body[0])).name
    line = [s for s in statements(syntax(derivation)) if s.name == gradient][-1]
    return derivation, inside, planted(derivation, line, ("", frozenset(), line.node, wrong))


@pytest.mark.parametrize(("name", "text", "kind"), MISTAKES, ids=lambda v: v)
def test_a_classic_mistake_is_found(name, text, kind):
    """The first wrong line is the mistake's, inside a layer too, or else the next line outside."""
    derivation, inside, mistake = mistaken(name, text)
    made = [s.name for s in statements(syntax(derivation)) if s.node.lineno >= mistake.lineno]
    report = judged(derivation, mistake.backward)
    assert not report.ok
    names = {made[0], next(n for n in made if n not in inside)}
    assert report.first.name in names, report
    assert report.first.kind == kind, report


def test_each_derivation_has_a_mistake():
    assert {name for name, *_ in MISTAKES} == {derivation.name for derivation, _ in DERIVATIONS}
