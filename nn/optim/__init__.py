"""Optimizers, which move parameters along their gradients, and schedules for their learning rates."""

from . import lr_scheduler
from .algorithms import SGD, Adagrad, Adam, AdamW, Lion, RMSprop
from .clip import clip_grad_norm_, clip_grad_value_
from .optimizer import Optimizer

__all__ = [
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Lion",
    "Optimizer",
    "RMSprop",
    "clip_grad_norm_",
    "clip_grad_value_",
    "lr_scheduler",
]
