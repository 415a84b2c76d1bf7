"""A small attention model learns to sort: eight digits go in, and the same digits come out in order.

The model is not told how to sort.  It sees all places at once, and for each place it chooses one of the ten
digits.  So it must learn which digit belongs there: in the third place, for example, the third smallest.
Attention lets each place look at the others.

There are 10^8 sequences.  Each step draws new ones, so that the model cannot memorise them, and the test
sequences are drawn with another seed.
"""

import argparse
import sys

import numpy as np

import nn
from autograd import no_grad

try:
    from matplotlib.figure import Figure
except ImportError:
    sys.exit("This example needs one more package: pip install matplotlib")

LENGTH, DIGITS, WIDTH, HEADS = 8, 10, 48, 4


class Sorter(nn.Module):
    """Scores of the ten digits for every place: (n, length) -> (n, length, 10)."""

    def __init__(self, layers, rng):
        size = {"rng": rng, "dtype": np.float32}
        self.digit = nn.Embedding(DIGITS, WIDTH, **size)
        self.place = nn.Embedding(LENGTH, WIDTH, **size)  # tells the places apart
        options = {"dropout": 0.0, "batch_first": True, "norm_first": True}
        self.layers = [
            nn.TransformerEncoderLayer(WIDTH, HEADS, 2 * WIDTH, **options, **size) for _ in range(layers)
        ]
        self.norm = nn.LayerNorm(WIDTH, dtype=np.float32)
        self.output = nn.Linear(WIDTH, DIGITS, **size)

    def forward(self, digits):
        x = self.digit(digits) + self.place(np.arange(LENGTH))
        for layer in self.layers:
            x = layer(x)
        return self.output(self.norm(x))

    def attention(self, digits):
        """Where each place looks, in the last layer: (n, heads, places, places)."""
        x = self.digit(digits) + self.place(np.arange(LENGTH))
        for layer in self.layers[:-1]:
            x = layer(x)
        last = self.layers[-1]
        x = last.norm1(x)
        return last.self_attn(x, x, x, need_weights=True, average_attn_weights=False)[1]


def draw(model, digits, path):
    """Draw the attention of each head in the last layer, for one sequence."""
    with no_grad():
        weights, answer = model.attention(digits[None]).data[0], model(digits[None]).data[0].argmax(axis=-1)
    figure = Figure((3.2 * HEADS, 3.6), layout="constrained")
    for head, ax in enumerate(figure.subplots(1, HEADS)):
        ax.imshow(weights[head], cmap="Blues", vmin=0, vmax=1)
        ax.set_xticks(range(LENGTH), digits)
        ax.set_yticks(range(LENGTH), answer)
        ax.set(title=f"head {head}", xlabel="digits that go in", ylabel="digits that come out")
    figure.savefig(path, dpi=150)


def main(epochs=10, steps=60, layers=2):
    print(f"This takes about {4 * epochs} seconds: {epochs} epochs of {steps} steps.\n")
    rng = np.random.default_rng(0)
    model = Sorter(layers, rng)
    optimizer = nn.optim.AdamW(model.parameters(), lr=3e-3)
    warm_up = nn.optim.lr_scheduler.LinearLR(optimizer, 0.1, total_iters=100)
    decay = nn.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs * steps)
    schedule = nn.optim.lr_scheduler.SequentialLR(optimizer, [warm_up, decay], [100])
    test = np.random.default_rng(1).integers(0, DIGITS, (500, LENGTH))
    print(f"{sum(p.size for p in model.parameters())} parameters in {layers} layers of {HEADS} heads\n")
    print("step   loss   places right   sequences right")
    for step in range(epochs * steps + 1):
        if step % steps == 0:
            with no_grad():
                scores = model(test)
            right = scores.data.argmax(axis=-1) == np.sort(test)
            loss = nn.functional.cross_entropy(scores.reshape(-1, DIGITS), np.sort(test).ravel())
            print(
                f"{step:4} {loss.item():6.3f} {right.mean():14.1%} {right.all(axis=1).mean():17.1%}",
                flush=True,
            )
        digits = rng.integers(0, DIGITS, (128, LENGTH))
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(digits).reshape(-1, DIGITS), np.sort(digits).ravel()).backward()
        nn.optim.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
    with no_grad():
        answers = model(test[:5]).data.argmax(axis=-1)
    print()
    for given, answer in zip(test, answers, strict=False):
        print("  " + " ".join(map(str, given)), "->", " ".join(map(str, answer)))
    draw(model, test[0], "11_attention.png")
    print("\n11_attention.png shows where each place looks, for the first of these sequences:")
    print("a head that sorts looks from each place at the digit that belongs there.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=10)
    main(parser.parse_args().epochs)
