"""Gradients held against numerical derivatives."""

from .gradcheck import gradcheck, gradient
from .report import GradcheckReport

__all__ = ["GradcheckReport", "gradcheck", "gradient"]
