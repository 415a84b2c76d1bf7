import numpy as np

rng = np.random.default_rng(0)
X, W, y = rng.normal(size=(5, 3)), rng.normal(size=(3, 2)), rng.normal(size=(5, 2))


def gradients(X, W, y):
    Z = X @ W
    loss = np.mean((Z - y) ** 2)
    dZ = 2 * (Z - y) / Z.size
    dW = X.T @ dZ + W
    print(loss)
    return dW


class Net:
    def __init__(self):
        self.W = W

    def step(self, X, y):
        self.out = X @ self.W
        dW = X.T @ (self.out - y) * 2 / y.size
        return {"W": dW}
