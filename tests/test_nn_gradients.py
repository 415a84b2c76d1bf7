"""Every layer and every loss: its gradients by its inputs and by each parameter, through `check.gradcheck`.

The rows are those that are compared with PyTorch, and further ones with randomness, masks, given states
and the hinge.  Each evaluation has its own module, made from the same seed, so that it drops the same
elements, and its running statistics are always those of a first call.
"""

import numpy as np
import pytest

import nn
from autograd import Tensor, check
from autograd.graph.ancestors import ancestors
from autograd.refusals import full_name
from autograd.transforms.structure import flat

from .cases_nn import filled, set_parameters
from .check_mutants import MUTANTS, planted
from .reference.layers import CONSTANTS, LOSSES, MODULES, drawn

# A module, a call of it with x, y and z, and their shapes.  In a sequence, two steps are as good as five.
# Stacked bidirectional layers take long to evaluate: they are in rnn relu, and the two directions of the
# other kinds are here.  The padding row of an embedding gets no gradient, though the output depends on it.
# That is intended, and not a derivative; test_nn_torch.py tests it.
PLAIN = "m(*args)"
SHORT = {
    "rnn relu": [(2, 2, 3), (4, 2, 4)],
    "lstm without bias": [(2, 2, 3)],
    "lstm of one sequence": [(2, 3)],
    "gru batch first": [(2, 2, 3)],
}
ROWS = [
    *(
        (expression, PLAIN, *SHORT.get(name, shapes))
        for name, (expression, *shapes) in MODULES.items()
        if name not in ("embedding", "lstm", "gru")
    ),
    ("nn.Embedding(5, 3)", PLAIN, (4, 2, "below 5")),
    ("nn.Dropout(0.4, rng=0)", PLAIN, (3, 4)),
    ("nn.Conv1d(2, 3, 2, padding='valid', dilation=3)", PLAIN, (2, 2, 7)),
    ("nn.ConvTranspose1d(4, 2, 3, 3, 2, 1, groups=2, dilation=2)", PLAIN, (2, 4, 5)),
    ("nn.MaxPool1d(2, stride=1, dilation=2)", PLAIN, (2, 3, 7)),
    ("nn.PReLU()", PLAIN, (4, 3)),
    ("nn.RNN(3, 2, 2, dropout=0.4, rng=0)", PLAIN, (2, 2, 3)),
    ("nn.LSTM(3, 2, bidirectional=True)", PLAIN, (2, 2, 3)),
    ("nn.GRU(3, 2, bidirectional=True)", PLAIN, (2, 2, 3), (2, 2, 2)),
    ("nn.LSTM(2, 2, 2, dropout=0.4, rng=0)", "m(x, (y, z))", (2, 2, 2), (2, 2, 2), (2, 2, 2)),
    ("nn.RNN(3, 2, 2, dropout=0.4, rng=0).eval()", PLAIN, (2, 2, 3)),
    ("nn.MultiheadAttention(4, 2)", "m(x, x, x)", (3, 2, 4)),
    ("nn.MultiheadAttention(4, 2)", "m(x, x, x)", (3, 4)),
    ("nn.MultiheadAttention(4, 2, 0.4, rng=0)", "m(x, x, x)", (3, 2, 4)),
    ("nn.MultiheadAttention(4, 2, batch_first=True)", "m(x, x, x, is_causal=True)", (2, 3, 4)),
    ("nn.MultiheadAttention(4, 2)", "m(x, x, x, padding, attn_mask=causal)", (3, 2, 4)),
    ("nn.MultiheadAttention(4, 2)", "m(x, x, x, attn_mask=y, average_attn_weights=False)", (3, 2, 4), (3, 3)),
    ("nn.TransformerEncoderLayer(4, 2, 6, 0.3, rng=0)", PLAIN, (3, 2, 4)),
    ("nn.TransformerEncoderLayer(4, 2, 6, 0)", "m(x, None, padding, is_causal=True)", (3, 2, 4)),
    ("nn.TransformerEncoderLayer(4, 2, 6, norm_first=True).eval()", PLAIN, (3, 2, 4)),
    ("nn.BatchNorm1d(3, track_running_stats=False).eval()", PLAIN, (4, 3)),
    ("nn.BatchNorm2d(3).eval()", PLAIN, (2, 3, 2, 2)),
    ("nn.LayerNorm((3, 4), elementwise_affine=False)", PLAIN, (2, 3, 4)),
    ("nn.GroupNorm(2, 4, 0.1, affine=False)", PLAIN, (2, 4, 3)),
    ("nn.RMSNorm((3, 4), 0.1)", PLAIN, (2, 3, 4)),
    ("nn.MultiMarginLoss()", PLAIN, (5, 4), (5, "below 4")),
    ("nn.KLDivLoss(reduction='batchmean')", PLAIN, (4, 3), (4, 3, "probability")),
    *(
        (f"nn.{module}(reduction='{reduction}'{options})", PLAIN, *shapes)
        for module, _, options, *shapes in [*LOSSES, ("HingeLoss", "", "", (4, 3), (4, 3, "sign"))]
        for reduction in ("mean", "sum", "none")
    ),
]
NAMES = {
    "nn": nn,
    "causal": np.triu(np.ones((3, 3), bool), 1),
    "padding": np.array([[False, True, False], [False, False, True]]),
} | CONSTANTS


def is_variable(shape):
    """Whether there is a derivative by an argument: not by classes, and not by signs."""
    kind = shape[-1]
    return not isinstance(kind, str) or kind in ("normal", "wide", "probability", "distribution")


def as_function(expression, call, *shapes):
    """A layer as a function of its parameters and arguments, both by name, and the values to call it with."""
    rng = np.random.default_rng(1)
    module = filled(eval(expression, NAMES), rng)
    state, parameters = module.state_dict(), {n: p.data for n, p in module.named_parameters()}
    args = {f"argument {i}": drawn(shape, rng) for i, shape in enumerate(shapes)}
    variables = {k: a for (k, a), shape in zip(args.items(), shapes, strict=True) if is_variable(shape)}

    def layer(parameters, variables):
        module = eval(expression, NAMES)
        module.load_state_dict(state)
        set_parameters(module, parameters)
        given = [*(args | variables).values()]
        return eval(call, NAMES | {"m": module, "args": given} | dict(zip("xyz", given, strict=False)))

    return layer, parameters, variables


@pytest.mark.parametrize("row", ROWS, ids=lambda row: " ".join(map(str, row)))
def test_the_gradients_of_a_layer(row):
    report = check.gradcheck(*as_function(*row))
    assert report.verdict == "pass", report
    assert report.notes == ()
    assert sum(i.kinks for i in report.inputs) == 0  # an element at a kink would be left out


def test_every_layer_and_loss_is_there():
    """All modules except `Module`, which is abstract, and the containers, which compute nothing."""
    exempt = {nn.Module, nn.Sequential, nn.ModuleList, nn.ModuleDict}
    known = {
        v for name in nn.__all__ if isinstance(v := getattr(nn, name), type) and issubclass(v, nn.Module)
    }
    assert {type(eval(expression, NAMES)) for expression, *_ in ROWS} == known - exempt


def rules_used(row):
    """The operations of nn in a layer, each with the positions of the differentiated arguments."""
    layer, *given = as_function(*row)
    leaves = [{name: Tensor(a, requires_grad=True) for name, a in arrays.items()} for arrays in given]
    y = layer(*leaves)
    for node in ancestors([part.node for part in flat(y).values()]):
        if full_name(node.op.function).startswith("nn."):
            yield from ((node.op, i) for i, p in enumerate(node.parents) if p is not None and p.requires_grad)


def test_a_wrong_rule_of_any_layer_is_found():
    """A derivative too large by one in ten thousand, in each rule of nn's own that some layer uses."""
    used = sorted(((list(rules_used(row)), row) for row in ROWS), key=lambda pair: -len(pair[0]))
    simplest = {rule: row for rules, row in used for rule in rules}
    assert len(simplest) >= 40
    for (op, place), row in simplest.items():
        with planted(op, place, MUTANTS["x 1.0001"]):
            assert check.gradcheck(*as_function(*row)).verdict == "fail", op
