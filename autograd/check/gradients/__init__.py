"""Gradient checks: claimed gradients compared with numerical derivatives."""

from .gradcheck import gradcheck, gradient
from .report import GradcheckReport

__all__ = ["GradcheckReport", "gradcheck", "gradient"]
