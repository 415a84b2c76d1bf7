"""A convolutional network classifies handwritten digits: at least 98.5 % right on an unseen test set.

Dropout and label smoothing keep it from overfitting the 1348 training images.  The learning rate falls
along a cosine, so that the last steps are small.  The feature maps show what the filters of the two
convolutions have learnt to look for.

Data: the optical recognition of handwritten digits data set, 8 x 8 pixels, bundled with scikit-learn.
"""

import sys

import numpy as np

import nn

try:
    from sklearn.datasets import load_digits

    from nn import plots
except ImportError:
    sys.exit("This example needs more packages: pip install scikit-learn matplotlib")


def digits():
    """The images, (n, 1, 8, 8), and their classes: three quarters for training, a quarter for the test."""
    data = load_digits()
    x = data.images[:, None].astype(np.float32) / 16
    x, x_test, y, y_test = nn.train_test_split(x, data.target, test_size=0.25, stratify=data.target, rng=0)
    return (x, y), (x_test, y_test)


def network():
    rng = np.random.default_rng(0)
    size = {"rng": rng, "dtype": np.float32}
    return nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1, **size),
        nn.ReLU(),
        nn.Conv2d(32, 32, 3, padding=1, **size),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.4, rng=1),
        nn.Linear(32 * 4 * 4, 64, **size),
        nn.ReLU(),
        nn.Linear(64, 10, **size),
    )


def main(epochs=25):
    print(f"This takes about {epochs} seconds.\n")
    training, (x_test, y_test) = digits()
    model = network()
    parameters = sum(p.size for p in model.parameters())
    print(f"{len(training[0])} training images, {len(x_test)} test images; {parameters} parameters")
    optimizer = nn.optim.AdamW(model.parameters(), lr=3e-3)

    def report(model, history):
        last = history[-1]
        if len(history) % 5 == 0 or len(history) == 1:
            print(f"epoch {len(history):2}: loss {last['loss']:.4f}, {last['accuracy']:.2%} right")

    history = nn.fit(
        model,
        nn.CrossEntropyLoss(label_smoothing=0.1),
        optimizer,
        training,
        epochs=epochs,
        metrics=[nn.accuracy],
        schedule=nn.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs),
        callbacks=[report],
        rng=2,
    )
    model.eval()
    found = model(x_test).data.argmax(axis=1)
    wrong = np.flatnonzero(found != y_test)
    seconds, accuracy = sum(history.column("seconds")), 1 - len(wrong) / len(y_test)
    print(
        f"\ntest accuracy {accuracy:.2%}, {len(wrong)} images wrong, after {seconds:.0f} seconds of training"
    )
    for i in wrong[:10]:
        print(f"  test image {i} is a {y_test[i]}, and was classified as a {found[i]}")
    plots.feature_maps(model, x_test[0], "07_feature_maps.png")
    nn.save(model, "07_convnet.safetensors")
    print(f"\n07_feature_maps.png shows what the filters make of a {y_test[0]}.")
    print("The weights are in 07_convnet.safetensors, with the same names as in PyTorch.")


if __name__ == "__main__":
    main()
