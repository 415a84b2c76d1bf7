"""The shared generators of random numbers are put back, whatever was drawn of them."""

import random

import numpy as np
import pytest

from autograd.check.hand.observe.objects.draws import Draws, memory_of_numpys

DRAWS = {
    "nothing": lambda: None,
    "uniform": lambda: np.random.rand(3),
    "one normal, of which a second is kept": lambda: np.random.randn(),
    "two normals": lambda: np.random.randn(2),
    "many": lambda: np.random.rand(1000),
    "a seed": lambda: np.random.seed(3),
    "a permutation": lambda: np.random.permutation(5),
    "the other way to it": lambda: np.random.get_bit_generator().random_raw(),
    "python's": random.random,
    "python's normal": lambda: random.gauss(0, 1),
    "python's seed": lambda: random.seed(3),
}
BEFORE = {
    "seeded": lambda: np.random.seed(0),
    "drawn from": lambda: np.random.rand(7),
    "with a normal kept": lambda: np.random.randn(),
}


def some_numbers():
    """Numbers that tell one state of the generators from another."""
    return [np.random.randn(), *np.random.rand(3), random.random(), random.gauss(0, 1)]


@pytest.fixture(autouse=True)
def put_back_by_numpy():
    """The states that NumPy and Python themselves put back after a test."""
    numpys, pythons = np.random.get_state(), random.getstate()
    random.seed(1)
    yield
    np.random.set_state(numpys)
    random.setstate(pythons)


@pytest.fixture(params=BEFORE)
def before(request):
    """A state that NumPy's generator may be in."""
    np.random.seed(0)
    BEFORE[request.param]()


@pytest.mark.usefixtures("before")
@pytest.mark.parametrize("drawn", DRAWS)
def test_what_was_drawn_is_drawn_again(drawn):
    draws = Draws.now()
    first = some_numbers()
    draws.put_back()
    assert some_numbers() == first
    draws.put_back()
    DRAWS[drawn]()
    draws.put_back()
    assert some_numbers() == first


@pytest.mark.usefixtures("before")
@pytest.mark.parametrize("drawn", DRAWS)
def test_a_later_state_is_its_own(drawn):
    first = Draws.now()
    DRAWS[drawn]()
    later = Draws.now(first)
    numbers = some_numbers()
    first.put_back()
    later.put_back()
    assert some_numbers() == numbers


def test_another_kind_of_generator_is_put_back_too():
    own = np.random.get_bit_generator()
    np.random.set_bit_generator(np.random.PCG64(5))
    try:
        assert memory_of_numpys() is None
        draws = Draws.now()
        first = some_numbers()
        draws.put_back()
        assert some_numbers() == first
    finally:
        np.random.set_bit_generator(own)


def test_the_memory_is_the_whole_state():
    np.random.seed(0)
    np.random.rand(5)
    state = np.random.get_state(legacy=False)["state"]
    held = np.frombuffer(memory_of_numpys(), np.uint32)
    np.testing.assert_array_equal(held[:-1], state["key"])
    assert held[-1] == state["pos"]
