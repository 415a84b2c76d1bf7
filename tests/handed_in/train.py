import numpy as np


def train(X, y, epochs=1000, lr=0.1):
    w, b = np.zeros(X.shape[1]), 0.0
    for epoch in range(epochs):
        pred = X @ w + b
        loss = np.mean((pred - y) ** 2)
        dpred = 2 * (pred - y) / len(y)
        dw = X.T @ dpred
        db = dpred.sum()
        w -= lr * dw
        b += lr * db
    return w, b


if __name__ == "__main__":
    data = np.loadtxt("data.csv", delimiter=",")
    train(data[:, :-1], data[:, -1])
