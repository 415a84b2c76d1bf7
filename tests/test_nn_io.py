"""Files: what was saved is loaded again, no file is ever half written, and a bad one changes nothing."""

import gzip
import io
import os
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import nn
from nn.errors import ArgumentError, FormatError, StateError


def model(seed=0):
    return nn.Sequential(nn.Linear(3, 4, rng=seed), nn.Tanh(), nn.Linear(4, 2, rng=seed + 1))


def equal(a, b):
    np.testing.assert_equal(a, b)
    assert kinds(a) == kinds(b)
    return True


def kinds(value):
    """The types in a tree, since assert_equal takes 1 for 1.0."""
    if isinstance(value, dict):
        return {repr(k): kinds(v) for k, v in value.items()}
    if isinstance(value, list):
        return [kinds(v) for v in value]
    return str(value.dtype) if isinstance(value, np.ndarray) else type(value).__name__


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file.safetensors"


DTYPES = ["f2", "f4", "f8", "c8", "?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]


@pytest.mark.parametrize("shape", [(), (0,), (2, 0, 3), (5,), (2, 3, 4)], ids=str)
@pytest.mark.parametrize("dtype", DTYPES)
def test_arrays_come_back_bit_for_bit(path, dtype, shape):
    array = np.random.default_rng(0).integers(0, 2, shape).astype(dtype) * np.array(1.5).astype(dtype)
    nn.save({"a": array}, path)
    assert equal(nn.load(path), {"a": np.asarray(array)})


LAYOUTS = {
    "transposed": np.arange(6.0).reshape(2, 3).T,
    "every other": np.arange(10.0)[::2],
    "backwards": np.arange(5.0)[::-1],
    "big-endian": np.arange(5, dtype=">f8"),
    "read-only": np.broadcast_to(np.float32(2), (2, 3)),
    "a number": np.float64(0.5),
    "not finite": np.array([np.nan, np.inf, -0.0]),
}


@pytest.mark.parametrize("array", LAYOUTS.values(), ids=LAYOUTS)
def test_arrays_come_back_however_they_lie_in_memory(path, array):
    nn.save({"a": array}, path)
    np.testing.assert_array_equal(nn.load(path)["a"], array)


TREES = {
    "nothing": {},
    "a state": model().state_dict(),
    "values": {"epoch": 3, "lr": 0.1, "name": "né", "none": None, "on": True, "inf": float("inf")},
    "nested": {"a": {"b": [np.ones(2), {"c": np.zeros(3)}], "d": []}, "e": {}},
    "numbered": {"state": {0: {"step": 1, "m": np.ones(2)}, 1: {}}},
    "generator": {"rng": np.random.default_rng(5).bit_generator.state},
    "mersenne": {"rng": np.random.Generator(np.random.MT19937(5)).bit_generator.state},
    "our own marks": {"$array": "x", "more": {"$pairs": [], "a": np.ones(1)}},
}


@pytest.mark.parametrize("tree", TREES.values(), ids=TREES)
def test_nested_states_come_back(path, tree):
    nn.save(tree, path)
    assert equal(nn.load(path), tree)


def test_a_model_is_saved_under_the_names_of_its_state(path):
    nn.save(model(), path)
    assert equal(nn.load(path), model().state_dict())
    twin = model(7)
    twin.load_state_dict(nn.load(path))
    x = np.ones((2, 3))
    np.testing.assert_array_equal(twin(x).data, model()(x).data)


def test_a_file_that_pytorch_wrote_is_written_again_with_the_same_arrays(path):
    """test_nn_torch.py tests that the model then has PyTorch's output."""
    torchs = Path(__file__).parent / "reference" / "convnet.safetensors"
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1, dtype=np.float32),
        nn.BatchNorm2d(4, dtype=np.float32),
        *(nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
        nn.Linear(64, 10, dtype=np.float32),
    )
    model.load_state_dict(nn.load(torchs))
    nn.save(model, path)
    assert equal(load_file(path), load_file(torchs))


UNFIT = {
    "a list": ([1], "a module or a dict"),
    "an object": ({"a": {"b": object()}}, "a.b is a object"),
    "a function": ({"f": print}, r"f is a builtin_function.*obj.state_dict\(\)"),
    "an optimizer": ({"o": nn.optim.SGD(model().parameters())}, "o is a SGD"),
    "a key": ({"a": {(1, 2): 3}}, r"a has a key \(1, 2\)"),
    "complex128": ({"a": np.ones(1, complex)}, "cannot hold this: (Unknown dtype|dtype complex128)"),
    "texts": ({"a": np.array(["x"])}, "file format cannot hold this"),
    "objects": ({"a": np.array([None])}, "file format cannot hold this"),
    "the format's own name": ({"__metadata__": np.ones(1)}, "the format reserves"),
    "two of one name": ({"a": {"b": np.ones(1)}, "a.b": np.ones(1)}, "both be named 'a.b'"),
}


@pytest.mark.parametrize(("state", "message"), UNFIT.values(), ids=UNFIT)
def test_what_cannot_be_saved_is_refused_and_the_file_stays(path, state, message):
    nn.save({"old": 1}, path)
    with pytest.raises(ArgumentError, match=message):
        nn.save(state, path)
    assert nn.load(path) == {"old": 1}
    assert os.listdir(path.parent) == [path.name]


def numpys(write, *arrays, **named):
    """The bytes of a file of NumPy's own."""
    file = io.BytesIO()
    write(file, *arrays, **named)
    return file.getvalue()


WHOLE = model().state_dict()
BAD = {
    "empty": (lambda b: b"", "it is empty"),
    "a few bytes": (lambda b: b[:5], "it ends after 5 bytes"),
    "cut off in the header": (lambda b: b[:40], "not a complete safetensors file"),
    "cut off by a byte": (lambda b: b[:-1], "not fully covered"),
    "too long by a byte": (lambda b: b + b"\0", "not fully covered"),
    "twice": (lambda b: b + b, "cut off, too long"),
    "a huge header": (lambda b: (2**62).to_bytes(8, "little") + b[8:], "header too large"),
    "text": (lambda b: b"These are no weights.\n" * 9, "another kind of file"),
    "a pickle": (lambda b: b"\x80\x04\x95" + b, "pickle, which could run any code"),
    "PyTorch's": (lambda b: b"PK\x03\x04" + b, "safetensors.torch.save_file"),
    "NumPy's archive": (lambda b: numpys(np.savez, w=np.ones(2)), "NumPy's .npz: np.load.path. reads it"),
    "NumPy's array": (lambda b: numpys(np.save, np.ones(2)), "NumPy's .npy, one array without a name"),
    "Keras's": (lambda b: b"\x89HDF\r\n\x1a\n" + b, "an HDF5 file"),
    "compressed": (lambda b: gzip.compress(b), "it is compressed: unpack it first"),
    "offsets": (
        lambda b: b.replace(b'offsets":[0,', b'offsets":[8,'),
        "not a complete safetensors file",
    ),
    "a shape": (lambda b: b.replace(b"[4,3]", b"[4,9]"), "not a complete safetensors file"),
}


@pytest.mark.parametrize(("spoil", "message"), BAD.values(), ids=BAD)
def test_a_bad_file_is_refused_and_changes_no_weights(path, spoil, message):
    nn.save(WHOLE, path)
    spoilt = spoil(path.read_bytes())
    assert spoilt != path.read_bytes()
    path.write_bytes(spoilt)
    twin = model(7)
    optimizer = nn.optim.SGD(twin.parameters())
    before = twin.state_dict()
    with pytest.raises(FormatError, match=message):
        twin.load_state_dict(nn.load(path))
    with pytest.raises(FormatError, match=message):
        nn.load_checkpoint(path, model=twin, optimizer=optimizer)
    assert equal(twin.state_dict(), before)


STRUCTURES = ["", "{", "5", "[]", '{"a": {"$array": "b"}}', '{"a": {"$array": []}}', "[" * 10**5]


@pytest.mark.parametrize("structure", STRUCTURES, ids=lambda s: s[:30])
def test_a_file_that_does_not_say_where_its_arrays_belong_is_refused(path, structure):
    save_file({"a": np.ones(2)}, path, {"structure": structure})
    with pytest.raises(FormatError, match="does not say where its arrays belong"):
        nn.load(path)


def test_weights_for_larger_layers_are_refused_and_change_nothing(path):
    nn.save(nn.Sequential(nn.Linear(3, 400), nn.Tanh(), nn.Linear(400, 2)), path)
    twin = model()
    with pytest.raises(StateError, match="shape"):
        twin.load_state_dict(nn.load(path))
    assert equal(twin.state_dict(), WHOLE)


def test_a_file_that_is_not_there_or_not_ours_to_write_is_pythons_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        nn.load(tmp_path / "none")
    with pytest.raises(IsADirectoryError):
        nn.load(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"no such folder to write a file to: '.*none'"):
        nn.save({}, tmp_path / "none" / "file")


def test_a_full_disk_leaves_the_old_file(path, monkeypatch):
    nn.save({"old": 1}, path)

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        nn.save({"new": 1}, path)
    assert nn.load(path) == {"old": 1}
    assert os.listdir(path.parent) == [path.name]


def test_a_link_stays_a_link_and_permissions_are_the_usual(path, tmp_path):
    target = tmp_path / "elsewhere"
    path.symlink_to(target)
    nn.save({"a": 1}, path)
    assert path.is_symlink()
    assert nn.load(target) == {"a": 1}
    (tmp_path / "usual").touch()
    assert stat.S_IMODE(target.stat().st_mode) == stat.S_IMODE((tmp_path / "usual").stat().st_mode)


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX")
def test_a_private_file_stays_private(path):
    nn.save({"old": 1}, path)
    path.chmod(0o600)
    nn.save({"new": 1}, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


KILL = """
import os, random, signal, sys, time
os.environ["OPENBLAS_NUM_THREADS"] = "1"  # a process with several threads must not fork
import numpy as np
import nn
folder, path = sys.argv[1], sys.argv[1] + "/file"
states = [{"version": i, "weights": np.full((300, 300), float(i))} for i in range(2)]
nn.save(states[0], path)
random.seed(0)
found = []
for _ in range(50):
    saved, tell = os.pipe()
    child = os.fork()
    if not child:
        while True:
            for state in states[::-1]:
                nn.save(state, path)
                os.write(tell, b".")
    for _ in range(random.randrange(4)):
        os.read(saved, 1)
    time.sleep(random.uniform(0.001, 0.03))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(saved)
    os.close(tell)
    state = nn.load(path)
    assert (state["weights"] == state["version"]).all() and state["weights"].shape == (300, 300)
    found.append(state["version"])
print(len(found), len(set(found)), sum(name.endswith(".tmp") for name in os.listdir(folder)))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL and fork are POSIX")
def test_killed_at_50_random_moments_the_file_is_the_old_or_the_new_one(tmp_path):
    run = [sys.executable, "-c", KILL, str(tmp_path)]
    done = subprocess.run(run, capture_output=True, text=True, cwd=Path(__file__).parents[1], check=False)
    assert not done.stderr
    kills, versions, interrupted = map(int, done.stdout.split())
    assert (kills, versions) == (50, 2)
    assert interrupted > 5  # these were interrupted while writing, and left unfinished files


@pytest.mark.parametrize("arguments", [(1,), (None,), ("model.safetensors", 1), (1, "model.safetensors")])
def test_load_takes_a_path_alone_and_says_how_a_model_gets_the_state(arguments):
    with pytest.raises(TypeError, match=r"write model.load_state_dict\(nn.load\(path\)\)"):
        nn.load(*arguments)


def test_save_of_the_arguments_in_the_other_order_says_which_it_is(path):
    with pytest.raises(ArgumentError, match=r"write save\(model, path\)"):
        nn.save(path, nn.Linear(2, 3, rng=0))
