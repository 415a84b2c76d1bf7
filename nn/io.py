"""Files of weights, and of everything else that training needs to resume, in the safetensors format.

A file consists of a header and the plain bytes of arrays.  Nothing is ever unpickled, so no file can run
code.  The names are those in `state_dict()`, and PyTorch's library for this format reads and writes the
same files.

A file is written under a temporary name, flushed to the disk, and then renamed.  Whatever happens on the
way, the path names the old file or the new one, complete.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Never
from zipfile import BadZipFile, ZipFile

import numpy as np

from autograd import Tensor

from .errors import ArgumentError, FormatError
from .module import Module

__all__ = ["load", "save"]

Path_ = str | os.PathLike[str]
STRUCTURE = "structure"  # the entry of a file's metadata that says where the arrays belong


def save(state: Module | Mapping[Any, Any], path: Path_) -> None:
    """Write a model's parameters and buffers, or a state made of dicts, lists, arrays and plain values.

    state: a module, or for instance {"model": model.state_dict(), "optimizer": optimizer.state_dict(),
    "epoch": 3, "rng": rng.bit_generator.state}.  An array in it is named by its path,
    "model.0.weight"; PyTorch reads a file with nothing but named arrays as a `state_dict`.

    Raises ArgumentError for values that are neither arrays nor JSON, and for dtypes that the format does
    not have.  Then, and if the disk is full, an existing file is unchanged.

    >>> import tempfile
    >>> from nn import Linear
    >>> model, twin = Linear(2, 3, rng=0), Linear(2, 3, rng=1)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(model, f"{folder}/model.safetensors")
    ...     twin.load_state_dict(load(f"{folder}/model.safetensors"))
    >>> bool((twin.weight.data == model.weight.data).all())
    True
    """
    from safetensors import SafetensorError  # here, so that `import nn` is quick
    from safetensors.numpy import save as to_bytes

    state = state.state_dict() if isinstance(state, Module) else state
    if not isinstance(state, Mapping):
        raise ArgumentError(
            f"save takes a module or a dict of states, not a {type(state).__name__}: write save(model, path)"
        )
    arrays: dict[str, Any] = {}
    structure = taken_apart(state, "", arrays)
    flat = structure == {name: {ARRAY: name} for name in arrays}
    try:
        content = to_bytes(arrays, None if flat else {STRUCTURE: json.dumps(structure)})
    except SafetensorError as error:
        raise ArgumentError(f"the file format cannot hold this: {error}") from None
    replace(Path(os.path.realpath(path)), content)


def load(path: Path_, *others: Never) -> dict[Any, Any]:
    """The state in a file: arrays by name, or what `save` was given (with lists in place of tuples).

    Raises FormatError for a file that is empty, cut off, longer than its header says, or of another kind,
    and TypeError for anything but a path: a model takes a state by `load_state_dict`.

    Source: the format is described at https://github.com/huggingface/safetensors.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     save({"weight": np.ones((1, 2))}, f"{folder}/weights.safetensors")
    ...     load(f"{folder}/weights.safetensors")
    {'weight': array([[1., 1.]])}
    """
    from safetensors import SafetensorError, safe_open

    if others or not isinstance(path, str | os.PathLike):
        raise TypeError("load takes a path, and gives a state: write model.load_state_dict(nn.load(path))")
    with open(path, "rb"):  # raises Python's own error for a missing file or missing permission
        pass
    try:
        with safe_open(os.fspath(path), framework="numpy") as file:
            structure = (file.metadata() or {}).get(STRUCTURE)
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  (no dict)
    except SafetensorError as error:
        raise FormatError(f"{path} is not a complete safetensors file: {fault(path, error)}") from None
    except TypeError as error:
        raise FormatError(f"{path} has an array of a kind that NumPy lacks: {error}") from None
    try:
        return arrays if structure is None else dict(put_together(json.loads(structure), arrays).items())
    except (AttributeError, KeyError, ValueError, TypeError, RecursionError) as error:
        raise FormatError(f"{path} does not say where its arrays belong: {error!r:.200}") from None


def fault(path: Path_, error: Exception) -> str:
    """What is wrong with a file, in words."""
    size = os.path.getsize(path)
    with open(path, "rb") as file:
        start = file.read(8)
    if size < 8:
        return "it is empty" if not size else f"it ends after {size} bytes"
    if start.startswith(b"PK") and is_npz(path):
        return f"it is NumPy's .npz: {NUMPYS}"
    other = next((said for signature, said in OTHER_FILES.items() if start.startswith(signature)), None)
    return other or f"{error} ({size} bytes: it is cut off, too long, or another kind of file)"


def is_npz(path: Path_) -> bool:
    """Whether a file is an archive of nothing but NumPy's arrays, as np.savez writes it."""
    try:
        with ZipFile(path) as archive:
            return all(name.endswith(".npy") for name in archive.namelist())
    except BadZipFile:
        return False


NUMPYS = "np.load(path) reads it, and load_state_dict and save take what that gives"
PICKLE = (
    "it looks like PyTorch's or another pickle, which could run any code and is never read; "
    "in PyTorch, write it with safetensors.torch.save_file(model.state_dict(), path)"
)
OTHER_FILES = {  # by the bytes that they begin with
    b"PK": PICKLE,
    b"\x80": PICKLE,
    b"\x93NUMPY": "it is NumPy's .npy, one array without a name: read it with np.load(path)",
    b"\x89HDF": "it is an HDF5 file, as Keras's: read it with h5py, and save its arrays by name",
    b"\x1f\x8b": "it is compressed: unpack it first, with gunzip",
}


def replace(path: Path, content: bytes) -> None:
    """Make `content` the file at `path`, completely or not at all, with the permissions that it had."""
    if not path.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "there is no such folder to write a file to", str(path.parent))
    temporary = path.with_name(f".{path.name}.{os.urandom(8).hex()}.tmp")
    try:
        with open(temporary, "xb") as file:
            if path.exists():
                shutil.copymode(path, temporary)  # first, so that a private file is private at all times
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # the bytes must be on the disk before the name is
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    if os.name == "posix":  # flush the name, too
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


# A state is a tree.  Its arrays go to the file one by one; the rest is JSON, with placeholders for them.

ARRAY, PAIRS = "$array", "$pairs"


def taken_apart(value: Any, path: str, arrays: dict[str, Any]) -> Any:
    """`value` as JSON, with {"$array": name} for each array in it, which goes to `arrays`."""
    if isinstance(value, Tensor | np.ndarray | np.generic):
        if path == "__metadata__":
            raise ArgumentError("an array cannot be named '__metadata__', which the format reserves")
        array = np.asarray(value.data if isinstance(value, Tensor) else value)
        if path in arrays:
            raise ArgumentError(f"two arrays would both be named {path!r} in the file: rename one")
        # contiguous and in native byte order: for other arrays the library writes the wrong bytes
        arrays[path] = np.asarray(array, array.dtype.newbyteorder("="), order="C")
        return {ARRAY: path}
    if isinstance(value, Mapping):
        if bad := [k for k in value if not isinstance(k, str | int)]:
            raise ArgumentError(f"{path or 'this'} has a key {bad[0]!r}, but keys are strings or integers")
        parts = [(k, taken_apart(v, f"{path}.{k}" if path else str(k), arrays)) for k, v in value.items()]
        plain = all(isinstance(k, str) for k in value) and not {ARRAY, PAIRS} & value.keys()
        return dict(parts) if plain else {PAIRS: [list(part) for part in parts]}
    if isinstance(value, list | tuple):
        return [taken_apart(v, f"{path}.{i}" if path else str(i), arrays) for i, v in enumerate(value)]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise ArgumentError(
        f"{path or 'this'} is a {type(value).__name__}: a file holds arrays, numbers, strings, and dicts and "
        "lists of them; save the state of an object, obj.state_dict()"
    )


def put_together(value: Any, arrays: dict[str, Any]) -> Any:
    """The value that `taken_apart` took apart."""
    if isinstance(value, list):
        return [put_together(part, arrays) for part in value]
    if not isinstance(value, dict):
        return value
    if ARRAY in value:
        return arrays[value[ARRAY]]
    pairs = value[PAIRS] if PAIRS in value else value.items()
    return {key: put_together(part, arrays) for key, part in pairs}
