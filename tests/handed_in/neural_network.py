import numpy as np


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


class NeuralNetwork:
    def __init__(self, x, y):
        rng = np.random.default_rng(3)
        self.input = x
        self.weights1 = rng.random((self.input.shape[1], 4))
        self.weights2 = rng.random((4, 1))
        self.y = y
        self.output = np.zeros(self.y.shape)

    def feedforward(self):
        self.layer1 = sigmoid(self.input @ self.weights1)
        self.output = sigmoid(self.layer1 @ self.weights2)
        return self.output

    def backprop(self):
        d_output = 2 * (self.y - self.output) * self.output * (1 - self.output)
        d_weights2 = self.layer1.T @ d_output
        d_weights1 = self.input.T @ (d_output @ self.weights2.T * self.layer1 * (1 - self.layer1))
        self.weights1 += d_weights1
        self.weights2 += d_weights2


x = np.array([[0.0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 1]])
y = np.array([[0.0], [1], [1], [0]])
