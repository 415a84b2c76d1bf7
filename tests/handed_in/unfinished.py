import numpy as np


def forward(X, W):
    return np.sum(X @ W


def backward(X, W):
    return X.T
