"""Layers and losses as functions of tensors, each with its derivative derived as a whole.

A chain of elementary operations gives the same gradients.  The fused functions are faster, and accurate
where the chain would lose digits.
"""

from autograd import log_softmax, logsumexp, relu, sigmoid, softmax, softplus

from .activations import (
    celu,
    elu,
    gelu,
    glu,
    leaky_relu,
    logsigmoid,
    mish,
    prelu,
    selu,
    silu,
    softsign,
    tanhshrink,
)
from .affine import linear
from .attention import scaled_dot_product_attention
from .classification import cross_entropy, multi_margin_loss, nll_loss
from .convolution import conv1d, conv2d, conv_transpose1d, conv_transpose2d
from .distances import hinge_embedding_loss, hinge_loss, huber_loss, kl_div, l1_loss, smooth_l1_loss
from .losses import binary_cross_entropy, binary_cross_entropy_with_logits, mse_loss
from .normalization import batch_norm, group_norm, layer_norm, rms_norm
from .piecewise import hardshrink, hardsigmoid, hardswish, hardtanh, relu6, softshrink, threshold
from .pooling import avg_pool1d, avg_pool2d, max_pool1d, max_pool2d
from .regularization import dropout, l1_penalty, l2_penalty
from .selection import embedding

__all__ = [
    "avg_pool1d",
    "avg_pool2d",
    "batch_norm",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "celu",
    "conv1d",
    "conv2d",
    "conv_transpose1d",
    "conv_transpose2d",
    "cross_entropy",
    "dropout",
    "elu",
    "embedding",
    "gelu",
    "glu",
    "group_norm",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "hinge_embedding_loss",
    "hinge_loss",
    "huber_loss",
    "kl_div",
    "l1_loss",
    "l1_penalty",
    "l2_penalty",
    "layer_norm",
    "leaky_relu",
    "linear",
    "log_softmax",
    "logsigmoid",
    "logsumexp",
    "max_pool1d",
    "max_pool2d",
    "mish",
    "mse_loss",
    "multi_margin_loss",
    "nll_loss",
    "prelu",
    "relu",
    "relu6",
    "rms_norm",
    "scaled_dot_product_attention",
    "selu",
    "sigmoid",
    "silu",
    "smooth_l1_loss",
    "softmax",
    "softplus",
    "softshrink",
    "softsign",
    "tanhshrink",
    "threshold",
]
