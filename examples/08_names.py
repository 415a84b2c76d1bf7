"""A recurrent network learns to spell like the authors of Python's standard library.

It reads the names of all functions in the library's source and learns to say which character comes next.
Then it makes up names: each character is drawn from the probabilities that it gives, and read in turn.
What it has learnt is measured in bits per character on names that it has not read: the uncertainty that
is left about the next character.
"""

import re
import sysconfig
from pathlib import Path

import numpy as np

import nn
from autograd import no_grad

LETTERS = "abcdefghijklmnopqrstuvwxyz_0123456789 "
END = LETTERS.index(" ")  # comes before the first character and after the last
LONGEST = 16


def names():
    """The names of functions in the modules of the standard library: lower case, each of them once."""
    sources = Path(sysconfig.get_paths()["stdlib"]).glob("*.py")
    text = "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in sources)
    found = set(re.findall(r"^ *def (\w+)", text, re.MULTILINE))
    return sorted(n for n in found if 3 <= len(n) <= LONGEST and set(n) < set(LETTERS) and "__" not in n)


def encode(texts):
    """Rows of what is read, END and the characters; and of what is to follow, the characters and END.

    Behind the end of a name, -100 stands for what is no matter of the loss.
    """
    rows = np.full((len(texts), LONGEST + 1), END)
    following = np.full_like(rows, -100)
    for row, follows, text in zip(rows, following, texts, strict=True):
        numbers = [LETTERS.index(character) for character in text]
        row[1 : len(text) + 1] = numbers
        follows[: len(text) + 1] = [*numbers, END]
    return rows, following


class Speller(nn.Module):
    """The scores of what follows each character, (n, length, characters), and the state in the end."""

    def __init__(self, hidden, rng):
        size = {"rng": rng, "dtype": np.float32}
        self.embedding = nn.Embedding(len(LETTERS), 32, **size)
        self.gru = nn.GRU(32, hidden, batch_first=True, **size)
        self.output = nn.Linear(hidden, len(LETTERS), **size)

    def forward(self, rows, state=None):
        states, last = self.gru(self.embedding(rows), state)
        return self.output(states), last


def bits(scores, following):
    """The cross-entropy of the characters that follow, in bits a character."""
    return nn.functional.cross_entropy(scores[0].reshape(-1, len(LETTERS)), following.ravel()) / np.log(2)


def invent(model, n, rng, temperature=0.8):
    """n names, drawn character by character; a temperature below 1 prefers what is likely."""
    drawn, state = [np.full(n, END)], None
    with no_grad():
        for _ in range(LONGEST):
            scores, state = model(drawn[-1][:, None], state)
            p = nn.functional.softmax(scores.data[:, 0].astype(float) / temperature)
            drawn.append(np.array([rng.choice(len(LETTERS), p=row) for row in p]))
    texts = ["".join(LETTERS[c] for c in column) for column in np.transpose(drawn[1:])]
    return [text.split(" ")[0] for text in texts]


def by_pairs(rows, following):
    """Bits a character of the simplest model: how often each character comes after each other one."""
    known = following >= 0
    pairs = np.ones((len(LETTERS), len(LETTERS)))  # one more than was counted: none is impossible
    np.add.at(pairs, (rows[known], following[known]), 1)
    return -np.log2(pairs / pairs.sum(axis=1, keepdims=True))


def main(epochs=12, most=None):
    texts, rng = names()[:most], np.random.default_rng(0)
    training, unread = nn.train_test_split(np.array(texts), test_size=0.1, rng=rng)
    (rows, following), (unread_rows, unread_following) = encode(training), encode(unread)
    print(f"{len(texts)} names, such as {', '.join(rng.choice(texts, 4))}; {len(unread)} are kept unread\n")
    known = unread_following >= 0
    simplest = by_pairs(rows, following)[unread_rows[known], unread_following[known]].mean()
    print(f"bits a character, by chance: {np.log2(len(LETTERS)):.3f}, by the one before it: {simplest:.3f}")
    print("by the network, and what it would write:")
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
    new = [name for name in made_up if name not in set(texts)]
    print(f"\nOf 200 names, {200 - len(new)} are in the library, and {len(new)} are new, such as:")
    print(" ", "\n  ".join(", ".join(new[i : i + 5]) for i in range(0, 20, 5)))


if __name__ == "__main__":
    main()
