"""Complex numbers: every function is right with them, or refuses them.

They are the cases of the contract, with z = x + iu in place of each array of floats; x and u are leaves.
`autograd/rules/parts.py` explains the convention.
"""

import numpy as np
import pytest

from autograd import Tensor, no_grad
from autograd.errors import GradientError, NoRuleError
from autograd.transforms import grad, jacobian, jvp, value_and_grad, vjp

from . import cases_elementwise, cases_norms, oracles
from .cases import CASES
from .cases_common import Case, over
from .cases_decompositions import distinct, form, regular
from .test_rules import assert_close, constant, leaf

# Functions that refuse complex numbers, or some uses of them, where NumPy takes them; and the remedy.
REFUSED = {
    np.sign: "write z / abs",
    np.gradient: "give it np.real",  # NumPy drops the imaginary part of a complex spacing
    np.interp: "give it np.real",  # and that of a complex x, if there is a period
}

# Functions that take more than NumPy's, which multiply in place.
WIDER = {np.polyfit}

# The results of these cases depend on the phases of complex vectors; those of the cases below do not.
# Functions with one of several possible results are called with real numbers only.
ELSEWHERE = {"eigh", "svd", "thin_svd", "empty_like"}


def hermitian(a):
    return a + np.conjugate(np.matrix_transpose(a))


HERMITIAN = {
    "cholesky": lambda a: np.linalg.cholesky(hermitian(a)) * 1,
    "cholesky, upper": lambda a: np.linalg.cholesky(hermitian(a), upper=True) * 1,
    "eigvalsh": lambda a: np.linalg.eigvalsh(hermitian(a)) * 1,
    "eigvalsh, U": lambda a: np.linalg.eigvalsh(hermitian(a), UPLO="U") * 1,
    "eigh, w": lambda a: np.linalg.eigh(hermitian(a))[0] * 1,
    "eigh, v": lambda a: np.abs(np.linalg.eigh(hermitian(a))[1]) ** 2,
    "eigh, wv": lambda a: (lambda w, v: (v * w**2) @ np.conjugate(v).mT)(*np.linalg.eigh(hermitian(a))),
}
# A matrix that is not Hermitian stands for one that is, by one triangle and the real part of its diagonal.
TRIANGLES = {
    "cholesky of L": lambda a: np.linalg.cholesky(a) * 1,
    "cholesky of U": lambda a: np.linalg.cholesky(a, upper=True) * 1,
    "eigvalsh of L": lambda a: np.linalg.eigvalsh(a) * 1,
    "eigvalsh of U": lambda a: np.linalg.eigvalsh(a, UPLO="U") * 1,
    "eigh of L": lambda a: (lambda w, v: (v * w**2) @ np.conjugate(v).mT)(*np.linalg.eigh(a)),
    "eigh of U": lambda a: (lambda w, v: (v * w**2) @ np.conjugate(v).mT)(*np.linalg.eigh(a, UPLO="U")),
    "pinv of L": lambda a: np.linalg.pinv(a, hermitian=True) * 1,
    "svd of L": lambda a: (lambda u, s, v: u @ (s[..., None] ** 2 * v))(*np.linalg.svd(a, hermitian=True)),
    "svd of L, u": lambda a: np.abs(np.linalg.svd(a, hermitian=True)[0]) ** 2,
    "svd of L, s": lambda a: np.linalg.svd(a, hermitian=True, compute_uv=False) * 1,
}
SVD = {
    "svd, u": lambda a: np.abs(np.linalg.svd(a, full_matrices=False)[0]) ** 2,
    "svd, s": lambda a: np.linalg.svd(a, full_matrices=False)[1] * 1,
    "svd, v": lambda a: np.abs(np.linalg.svd(a, full_matrices=False)[2]) ** 2,
    "svd, uv": lambda a: (lambda u, _, v: u @ v)(*np.linalg.svd(a, full_matrices=False)),
    "svd, usv": lambda a: (lambda u, s, v: (u * s**2) @ v)(*np.linalg.svd(a, full_matrices=False)),
}
MADE = [
    form(np.linalg.eigh, name, f, draw(*s))
    for name, f in (HERMITIAN | TRIANGLES).items()
    for draw, s in [(distinct, (3, 3)), (regular, (2, 2, 2))]
    if "cholesky" in name or draw is distinct
] + [
    form(np.linalg.svd, name, f, distinct(*s))
    for name, f in SVD.items()
    for s in [(3, 3), (3, 2), (2, 3), (2, 2, 3)]
]
# The differences use up to this part of the loss: most functions change faster off the real line.
CLOSE = 1e-8
COARSE = 1e-3  # of differences of numbers in single precision: some roundings of 2**-24 over steps of 2**-8

GIVEN = [c for c in CASES if c not in constant and c.function.__name__ not in ELSEWHERE] + MADE


def in_place_of(case, which):
    """The function from x and u to the arrays of a case, of which all, the first or the last are complex."""
    n = len(case.arrays)
    chosen = {"all": range(n), "first": [0], "last": [n - 1]}[which]
    return lambda parts: [
        x + 1j * u if i in chosen else x for i, (x, u) in enumerate(zip(*parts, strict=True))
    ]


def loss(y):
    """A real number that depends on both parts of every element of y."""
    return np.sum(parts(y))


def parts(y):
    """Both parts of each element, weighted."""
    c, d = np.random.default_rng(1811).normal(size=(2, *np.shape(y)))  # the year of Gauss's letter to Bessel
    return np.real(y) * c + np.imag(y) * d


def refuses(function, make, leaves):
    """Whether NumPy's function takes no complex numbers here; if so, ours must refuse them too."""
    try:
        function(make([[x.data for x in part] for part in leaves]))
    except (TypeError, ValueError):
        if function.function not in WIDER:
            with pytest.raises((TypeError, ValueError)):
                function(make(leaves))
        return True
    return False


def as_one_leaf(case, make, leaves):
    """A complex leaf has the gradient g_x - i g_y, in its own dtype."""
    zs = make([[t.data for t in part] for part in leaves])
    tensors = [leaf(z) for z in zs]
    loss(case(tensors)).backward()
    for t, x, u in zip(tensors, *leaves, strict=True):
        expected = x.grad - 1j * u.grad if t.dtype.kind == "c" and x.grad is not None else x.grad
        if t.grad is not None:
            assert (type(t.grad), t.grad.dtype, t.grad.shape) == (np.ndarray, t.dtype, t.shape)
            np.testing.assert_allclose(t.grad, expected, rtol=1e-10, atol=1e-12 * oracles.largest(t.grad))
        else:
            assert expected is None


@pytest.mark.filterwarnings("ignore::numpy.exceptions.ComplexWarning")  # the case asks for a real dtype
@over(GIVEN)
def test_right_or_refused(case):
    for which in ("all", "first", "last") if len(case.arrays) > 1 else ("all",):
        assert_right_or_refused(case, which)


def assert_right_or_refused(case, which):
    """The rate of change of a real loss along a direction, against differences of NumPy's own values."""
    rng, make, xs = np.random.default_rng(1799), in_place_of(case, which), case.arrays
    us, *along = ([rng.uniform(0.3, 1, x.shape) for x in xs] for _ in range(3))
    us = [u / 8 for u in us] if case in cases_norms.CASES else us  # the moduli must remain apart
    leaves = [[leaf(a) for a in part] for part in (xs, us)]
    if refuses(case, make, leaves):
        return
    try:
        y = case(make(leaves))
    except NoRuleError as error:
        refusal = str(error)
    else:
        refusal = ""
    if refusal:
        assert REFUSED[case.function] in refusal
        return
    loss(y).backward()
    as_one_leaf(case, make, leaves)
    pairs = zip([*leaves[0], *leaves[1]], [*along[0], *along[1]], strict=True)
    actual = sum(np.sum(t.grad * d) for t, d in pairs if t.grad is not None)

    def moved(t):
        return loss(case(make([oracles.moved(a, d, t) for a, d in zip((xs, us), along, strict=True)])))

    assert_close(actual, oracles.richardson(moved), CLOSE if y.dtype in (float, complex) else COARSE, 1)


# Elementwise functions, on both sides of each axis, near 0 and far from it; and on the real axis, where some
# have a cut.  The steps are a sixteenth of the usual ones, because poles are near.

PLANE = np.array([x + 1j * y for x in (-3, -0.6, -0.1, 0.1, 0.7, 2.5) for y in (-2, -0.1, 0.15, 1.6)])
AXIS = np.array([-3, -1.5, 1.5, 3]) + 0j  # where NumPy's values belong to the upper or the lower side
ELEMENTWISE = [c.function for c in cases_elementwise.CASES if len(c.args) == 1 and c.arrays[0].shape == ()]


@pytest.mark.parametrize("function", ELEMENTWISE, ids=lambda f: f.__name__)
@pytest.mark.parametrize("z", [PLANE, AXIS], ids=["plane", "axis"])
def test_elementwise_all_over_the_plane(function, z):
    case = Case(function, (z.real.copy(),), {})
    try:
        case([z])
    except TypeError:
        return  # test_right_or_refused has shown that ours raises, too
    if function in REFUSED:
        return
    x, u = leaf(z.real.copy()), leaf(z.imag.copy())
    with np.errstate(all="ignore"):
        loss(case([x + 1j * u])).backward()
        for t, step in [(x, 1)] if z is AXIS else [(x, 1), (u, 1j)]:
            expected = oracles.richardson(lambda h, step=step: parts(case([z + h / 16 * step])))
            assert_close(t.grad / 16, expected, CLOSE)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_complex_numbers_beside_a_single_element(dtype):
    """A Python number has the precision of its neighbour, and the result is not a Python number."""
    x = Tensor(np.array([1.0, 2.0], dtype), requires_grad=True)
    for y in (1j * x.sum(), x.sum() * 1j, np.multiply(1j, x[0]) + 1, 2 - 1j / x[1]):
        assert y.dtype == np.result_type(dtype, np.complex64)
        x.zero_grad()
        np.imag(y).backward()
        assert (x.grad.dtype, x.grad.any()) == (dtype, True)


# Complex leaves, and complex arguments of the transformations


Z = np.array([1 + 2j, -0.5 + 1j, 3 - 1j])
V = np.array([0.3 - 1j, 2 + 0.5j, -1 + 1j])


def real_loss(z):
    return np.sum(np.abs(z * z + 1j) ** 2) + np.sum(np.real(np.exp(z)))


def rates(function, z=Z):
    """dL/dx - i dL/dy by differences, element by element."""
    found = np.zeros(z.shape, complex)
    for k in range(z.size):
        moved = [
            oracles.richardson(lambda h, k=k, i=i: function(oracles.displaced(z, k, h * i)))[0]
            for i in (1, 1j)
        ]
        found.flat[k] = moved[0] - 1j * moved[1]
    return found


def test_gradient_of_a_complex_argument():
    value, g = value_and_grad(real_loss)(Z)
    assert (value.dtype, g.dtype) == (float, complex)
    np.testing.assert_allclose(g, rates(real_loss), rtol=1e-9)
    np.testing.assert_allclose(jacobian(lambda z: np.abs(z))(Z), np.diag(np.conj(Z) / np.abs(Z)), rtol=1e-14)


def test_vjp_and_jvp_of_complex_functions():
    """An analytic function changes by f'(z) dz; its conjugate changes by the conjugate of that."""
    y, pullback = vjp(np.exp, Z)
    np.testing.assert_allclose(pullback(V)[0], V * y, rtol=1e-14)
    np.testing.assert_allclose(jvp(np.exp, (Z,), (V,))[1], V * y, rtol=1e-14)
    np.testing.assert_array_equal(jvp(np.conj, (Z,), (V,))[1], np.conj(V))
    np.testing.assert_allclose(
        jvp(real_loss, (Z,), (V,))[1], np.sum(np.real(grad(real_loss)(Z) * V)), rtol=1e-13
    )


def test_second_order_of_a_complex_leaf():
    """The rate of change of an element of a gradient is like that of any other function."""
    z = leaf(Z)
    real_loss(z).backward(create_graph=True)
    first, z.grad = z.grad, None
    np.sum(np.real(first * V)).backward()
    expected = rates(lambda w: np.sum(np.real(grad(real_loss)(w) * V)))
    np.testing.assert_allclose(z.grad, expected, rtol=1e-8)


@over(MADE)
def test_second_order_of_decompositions(case):
    """The gradient of a real loss, along a direction, changes as differences of it say."""
    rng = np.random.default_rng(1846)
    (x,), (u, v) = case.arrays, rng.uniform(0.3, 1, (2, *case.arrays[0].shape))

    def rate(z):
        return np.sum(np.real(grad(lambda z: loss(case([z])))(z) * (v - 1j * u)))

    z = leaf(x + 1j * u)
    actual = np.sum(np.real(grad(rate)(z.data) * (u + 1j * v)))
    expected = oracles.richardson(lambda h: rate(x + 1j * u + h / 16 * (u + 1j * v)))
    assert_close(actual / 16, expected, CLOSE, 1)


def test_a_step_down_goes_along_the_conjugate():
    z = Tensor(Z, requires_grad=True)
    for _ in range(100):
        z.zero_grad()
        np.sum(np.abs(z - V) ** 2).backward()
        with no_grad():
            z -= 0.1 * np.conj(z.grad)
    np.testing.assert_allclose(z.data, V, rtol=1e-9)


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
def test_a_gradient_has_the_dtype_of_a_complex_leaf(dtype):
    z = Tensor(Z.astype(dtype), requires_grad=True)
    for f in (
        np.real,
        np.imag,
        np.abs,
        np.angle,
        lambda z: np.sum(z, dtype=dtype).imag,
        lambda z: z[0].real * 2.0,
    ):
        z.zero_grad()
        np.sum(f(z)).backward()
        assert z.grad.dtype == dtype


def test_what_depends_on_the_phase_of_an_eigenvector_raises():
    x = leaf(distinct(2, 2))
    v = np.linalg.eigh(hermitian(x * (1 + 2j)))[1]
    with pytest.raises(GradientError, match="phase of an eigenvector"):
        np.sum(np.imag(v)).backward()


@pytest.mark.parametrize("part", [0, 2])
def test_what_depends_on_the_phase_of_a_singular_vector_raises(part):
    x = leaf(distinct(2, 3))
    vectors = np.linalg.svd(x * (1 + 2j) + 1j * x**2, full_matrices=False)[part]
    with pytest.raises(GradientError, match="phase of a singular vector"):
        np.sum(np.imag(vectors)).backward()


def test_constants_are_not_refused():
    """A function without a derivative for complex numbers is NumPy's, if no derivative is asked for."""
    z = Tensor(distinct(2, 3) * (1 + 2j))
    np.testing.assert_array_equal(np.linalg.svd(z).Vh.data, np.linalg.svd(z.data).Vh)
