"""A recurrent network learns to spell like the authors of Python's standard library.

It reads the names of all functions in the library's source, and learns to predict the next character.
Then it makes up names: each character is drawn from the predicted probabilities, and is the next input.
The measure of success is the number of bits per character on names that it has not read, which is the
remaining uncertainty about the next character.
"""

import argparse
import re
import sysconfig
from pathlib import Path

import numpy as np

import nn
from autograd import no_grad

LETTERS = "abcdefghijklmnopqrstuvwxyz_0123456789 "
END = LETTERS.index(" ")  # stands before the first character and after the last
LONGEST = 16


def names():
    """The names of functions in the modules of the standard library, in lower case, without duplicates."""
    sources = Path(sysconfig.get_paths()["stdlib"]).glob("*.py")
    text = "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in sources)
    found = set(re.findall(r"^ *def (\w+)", text, re.MULTILINE))
    return sorted(n for n in found if 3 <= len(n) <= LONGEST and set(n) < set(LETTERS) and "__" not in n)


def encode(texts):
    """The inputs, which are END and the characters, and the targets, which are the characters and END.

    After the end of a name the target is -100, which the loss ignores.
    """
    rows = np.full((len(texts), LONGEST + 1), END)
    following = np.full_like(rows, -100)
    for row, follows, text in zip(rows, following, texts, strict=True):
        numbers = [LETTERS.index(character) for character in text]
        row[1 : len(text) + 1] = numbers
        follows[: len(text) + 1] = [*numbers, END]
    return rows, following


class Speller(nn.Module):
    """The scores of the next character at each place, (n, length, characters), and the last state."""

    def __init__(self, hidden, rng):
        size = {"rng": rng, "dtype": np.float32}
        self.embedding = nn.Embedding(len(LETTERS), 32, **size)
        self.gru = nn.GRU(32, hidden, batch_first=True, **size)
        self.output = nn.Linear(hidden, len(LETTERS), **size)

    def forward(self, rows, state=None):
        states, last = self.gru(self.embedding(rows), state)
        return self.output(states), last


def bits(scores, following):
    """The cross-entropy of the next characters, in bits per character."""
    return nn.functional.cross_entropy(scores[0].reshape(-1, len(LETTERS)), following.ravel()) / np.log(2)


def invent(model, n, rng, temperature=0.8):
    """n names, drawn character by character.  A temperature below 1 prefers likely characters."""
    drawn, state = [np.full(n, END)], None
    with no_grad():
        for _ in range(LONGEST):
            scores, state = model(drawn[-1][:, None], state)
            p = nn.functional.softmax(scores.data[:, 0].astype(float) / temperature)
            drawn.append(np.array([rng.choice(len(LETTERS), p=row) for row in p]))
    texts = ["".join(LETTERS[c] for c in column) for column in np.transpose(drawn[1:])]
    return [text.split(" ")[0] for text in texts]


def by_pairs(rows, following):
    """Bits for each pair of characters in the simplest model, which counts how often each pair occurs."""
    known = following >= 0
    pairs = np.ones((len(LETTERS), len(LETTERS)))  # counts start at 1, so that no pair is impossible
    np.add.at(pairs, (rows[known], following[known]), 1)
    return -np.log2(pairs / pairs.sum(axis=1, keepdims=True))


def main(epochs=12, most=None):
    print(f"This takes about {4 * epochs} seconds.\n")
    texts, rng = names()[:most], np.random.default_rng(0)
    training, unread = nn.train_test_split(np.array(texts), test_size=0.1, rng=rng)
    (rows, following), (unread_rows, unread_following) = encode(training), encode(unread)
    some = ", ".join(rng.choice(texts, 4, replace=False))
    print(f"{len(texts)} names, such as {some}; {len(unread)} for validation\n")
    known = unread_following >= 0
    simplest = by_pairs(rows, following)[unread_rows[known], unread_following[known]].mean()
    print(f"bits per character, by chance: {np.log2(len(LETTERS)):.3f}, by counting pairs: {simplest:.3f}")
    print("by the network, with four names that it makes up:")
    model = Speller(128, rng)
    data, unread_data = (rows, following), (unread_rows, unread_following)
    optimizer = nn.optim.AdamW(model.parameters(), lr=8e-3)

    def report(model, history):
        sample = ", ".join(invent(model, 4, np.random.default_rng(len(history))))
        print(f"epoch {len(history):2}: {history[-1]['validation_loss']:.3f}  {sample}")

    options = {"epochs": epochs, "batch_size": 128, "max_norm": 1.0, "callbacks": [report], "rng": rng}
    schedule = nn.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs)
    nn.fit(model, bits, optimizer, data, unread_data, schedule=schedule, **options)
    made_up = invent(model, 200, rng)
    new = list(dict.fromkeys(name for name in made_up if name and name not in set(texts)))
    known = sum(name in set(texts) for name in made_up)
    print(f"\nOf 200 made-up names, {known} are in the library; {len(new)} others are new, such as:")
    print(" ", "\n  ".join(", ".join(new[i : i + 5]) for i in range(0, 20, 5)))
    print("\nCompare the names of the first epoch with those of the last, and the bits with those by pairs.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=12)
    main(parser.parse_args().epochs)
