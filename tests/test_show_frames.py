"""explore of functions and of frames, without a browser: what is recorded, packed, and refused."""

import base64
from pathlib import Path

import numpy as np
import pytest

from autograd import Tensor, explore
from autograd.errors import DrawError, DTypeError
from autograd.show.pages.frames import changes, packed
from autograd.show.pages.live import answered
from autograd.show.pages.recorded import recorded


def line(x, w):
    z = w * x
    return np.sum(z * z)


def in_a_dictionary(w):
    return w["a"] * 2


INPUTS = {"x": np.array([1.0, 2.0]), "w": Tensor(0.5, requires_grad=True)}

WHOLE, NESTED = {"x": 1.0, "w": np.array(2)}, {"w": {"a": 1.0}}


def data(*args, **options):
    return explore(*args, **options).data


def test_the_variables_of_a_function_are_the_names():
    found = data(line, INPUTS)
    assert found["nodes"]["name"][:3] == ["w", "x", "z"]
    assert found["title"] == "line"


def test_several_values_of_a_variable_are_numbered():
    def loop(h, w):
        for _ in range(3):
            h = np.tanh(h * w)
        return h

    assert [n for n in recorded(loop, {"h": 1.0, "w": 2.0}).names if n.startswith("h")] == [
        "h_1", "h_2", "h_3", "h_4",
    ]  # fmt: skip


def test_whole_numbers_and_tensors_take_the_place_of_floats():
    floats = data(line, INPUTS, vary={"w": [0.0, 1.0]})["frames"]
    assert data(line, INPUTS, vary={"w": range(2)})["frames"] == floats
    assert data(line, INPUTS, vary={"w": [Tensor(0.0), Tensor(1.0)]})["frames"] == floats
    assert data(line, INPUTS | {"w": 2}, vary={"w": [0.0, 1.0]})["frames"]["loss"] == floats["loss"]


def test_the_callers_tensors_are_not_touched():
    w = Tensor(0.5, requires_grad=True)
    explore(line, INPUTS | {"w": w}, vary={"w": [0.0, 1.0]})
    assert w.grad is None
    assert w.data == 0.5


def test_all_floats_are_parameters_if_no_tensor_is_there():
    kinds = data(line, {"x": np.ones(2), "w": 0.5})
    assert [kinds["texts"][k] for k in kinds["nodes"]["kind"]][:2] == ["parameter", "parameter"]


def test_the_source_is_found_without_debug():
    [passage] = data(line, INPUTS)["code"]
    assert passage["lines"][:2] == ["def line(x, w):", "    z = w * x"]
    assert passage["file"] == Path(__file__).name


def test_the_same_random_numbers_are_drawn_in_each_frame():
    def noisy(w):
        return np.sum(w * np.random.default_rng(3).normal(size=3) + np.random.normal(size=3))

    state = np.random.get_state()[1].tolist()
    found = data(noisy, {"w": 0.0}, vary={"w": [0.0, 1.0, 0.0]})
    assert found["frames"]["loss"][0] == found["frames"]["loss"][2]
    assert np.random.get_state()[1].tolist() == state


def test_what_does_not_change_is_left_out():
    found = data(line, INPUTS, vary={"w": [0.0, 0.5, 1.0]})
    assert set(found["numbers"]["value"]) == {0, 2, 3, 4}  # all but x
    assert found["frames"] == {
        "names": ["w"],
        "axes": [[0.0, 0.5, 1.0]],
        "counted": [False],
        "start": [1],
        "loss": [0.0, 1.25, 5.0],
    }


@pytest.mark.parametrize(
    "arrays",
    [
        [np.float64(0.1), np.float64(0.2)],
        [np.array([0.1, np.nan]), np.array([-0.0, np.inf])],
        [np.array([1, 2]), np.array([3, 4])],
        [(np.zeros(2), np.zeros((1, 1))), (np.ones(2), np.ones((1, 1)))],
    ],
)
def test_packed_numbers_keep_all_digits(arrays):
    found = np.frombuffer(base64.b64decode(packed(arrays, 256)), "<f8")
    flat = [np.concatenate([np.ravel(p) for p in (a if isinstance(a, tuple) else (a,))]) for a in arrays]
    np.testing.assert_array_equal(found, np.concatenate(flat))
    assert changes(arrays)
    assert not changes([arrays[0], arrays[0]])


def test_float32_is_as_short_as_it_is_shown():
    found = np.frombuffer(base64.b64decode(packed([np.float32([0.1]), np.float32([0.2])], 256)), "<f8")
    assert found.tolist() == [0.1, 0.2]


def branch(w):
    return w * 2 if w.data > 0 else np.sin(w) * 2 + 1


def stale(w):
    return w * float(w.data)


def text(w):
    return "loss"


REFUSED = {
    "no input of that name": ((line, INPUTS), {"vary": {"v": [1, 2]}}, DTypeError, "names 'v'.*'x', 'w'"),
    "one value": ((line, INPUTS), {"vary": {"w": [1]}}, DTypeError, "two or more"),
    "no list of values": ((line, INPUTS), {"vary": {"w": 2.0}}, DTypeError, "two or more"),
    "another shape": ((line, INPUTS), {"vary": {"x": [1.0, 2.0]}}, DTypeError, r"shape \(2,\)"),
    "numbers for an array": ((line, INPUTS), {"vary": {"x": range(3)}}, DTypeError, r"such as \[k \* x"),
    "arrays for a number": ((line, INPUTS), {"vary": {"w": np.eye(2)}}, DTypeError, "give numbers, such as"),
    "no numbers": ((line, INPUTS), {"vary": {"w": ["a", "b"]}}, DTypeError, "one of its values is .*'a'"),
    "floats for integers": ((line, WHOLE), {"vary": {"w": [1.5, 2]}}, DTypeError, "'w' is of dtype int64"),
    "a dictionary": ((in_a_dictionary, NESTED), {"vary": {"w": [{}, {}]}}, DTypeError, "'w' is a dict"),
    "three axes": ((line, INPUTS), {"vary": {n: [1, 2] for n in "abc"}}, DTypeError, "one or two"),
    "another branch": ((branch, {"w": 1.0}), {"vary": {"w": [1.0, -1.0]}}, DrawError, "frame 1"),
    "a stale number": ((stale, {"w": 1.0}), {"vary": {"w": [1.0, 2.0]}}, DrawError, "number .* hold it"),
    "no tensor": ((text, {"w": 1.0}), {}, DTypeError, "returned a str"),
    "no inputs": ((line,), {}, DTypeError, "give the inputs"),
    "a list": ((line, [1, 2]), {}, DTypeError, "dictionary by name"),
    "vary of a tensor": ((Tensor(1.0),), {"vary": {"w": [1, 2]}}, DTypeError, "vary takes a function"),
    "no frame": ((Tensor(1.0),), {"frames": [3]}, DTypeError, "a graph shows"),
}  # fmt: skip


@pytest.mark.parametrize(("args", "options", "error", "words"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_shown_is_refused(args, options, error, words, tmp_path):
    with pytest.raises(error, match=words):
        explore(*args, **options)
    assert not list(tmp_path.iterdir())


def test_too_many_frames_are_refused():
    big = Tensor(np.ones(200), requires_grad=True)
    with pytest.raises(DrawError, match="too many"):
        explore(
            line, {"x": np.ones(200), "w": big}, vary={"w": [np.full(200, k / 9000) for k in range(4000)]}
        )


# A live notebook


def curve(w, x):
    z = w * x if np.all(w.data < 10) else np.sin(w) * x
    return np.sum(z * z)


LIVE = explore(curve, {"w": Tensor([0.5, 1.0], requires_grad=True), "x": 2.0}).source


def test_typed_numbers_are_computed_as_python_does():
    found = answered({"values": {"w": [0.1, -3.0], "x": [0.25]}}, LIVE.f, LIVE.inputs, LIVE.graph)["numbers"]
    w = Tensor([0.1, -3.0], requires_grad=True)
    curve(w, 0.25).backward()
    assert found["value"][0] == [0.1, -3.0]
    assert found["grad"][0] == w.grad.tolist()
    assert found["part"].keys() == {0, 2, 3, 4}


def test_both_inputs_can_be_typed():
    assert LIVE.typed == [["w", 0], ["x", 1]]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"w": [1.0]}, "ValueError: cannot reshape"),
        ({"w": ["one", 2.0]}, "ValueError: could not convert"),
        ({"w": [20.0, 1.0]}, "DrawError: frame 0"),
    ],
)
def test_what_cannot_be_computed_is_told(values, words):
    assert answered({"values": values}, LIVE.f, LIVE.inputs, LIVE.graph)["error"].startswith(words)
    assert LIVE.inputs["w"].data.tolist() == [0.5, 1.0]


def test_a_page_is_html_with_and_without_a_function():
    for page in (explore(curve, LIVE.inputs), explore(Tensor(2.0, requires_grad=True) * 2)):
        assert page._repr_mimebundle_()["text/html"].startswith("<iframe srcdoc=")
        assert "Tensor" not in repr(page)
