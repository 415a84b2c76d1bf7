"""SciPy's minimizer with exact gradients: with jac=True, it takes `value_and_grad(f)`.

The Rosenbrock function has a curved valley with a flat floor.  Its minimum is 0, where all coordinates
are 1.  (From 4 dimensions on there is also a local minimum, near -1, 1, ..., 1.)

Source: Rosenbrock, An automatic method for finding the greatest or least value of a function (1960).
"""

import sys

import numpy as np

from autograd.transforms import grad, hvp, value_and_grad

try:
    from scipy.optimize import minimize
except ImportError:
    sys.exit("This example minimizes with SciPy, which is not installed: pip install scipy")


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def main(dimensions=(2, 5, 20)):
    print("This takes a second.\n")
    print("dimensions  method     minimum  largest |x - 1|  iterations  evaluations")
    for n in dimensions:
        start = np.zeros(n)
        by_gradient = minimize(value_and_grad(rosenbrock), start, jac=True, method="BFGS")
        by_differences = minimize(rosenbrock, start, method="BFGS")  # n more evaluations for each gradient
        by_curvature = minimize(
            value_and_grad(rosenbrock),
            start,
            jac=True,
            hessp=lambda x, v: hvp(rosenbrock, x, v),
            method="Newton-CG",
        )
        ways = {"BFGS": by_gradient, "no grad": by_differences, "Newton-CG": by_curvature}
        for name, found in ways.items():
            error = np.abs(found.x - 1).max()
            print(f"{n:10}  {name:9}{found.fun:9.1e}  {error:15.1e}  {found.nit:10}  {found.nfev:11}")
        print(
            f"{'':12}largest |gradient| at the minimum: {np.abs(grad(rosenbrock)(by_gradient.x)).max():.1e}"
        )
    print("\nLook at the evaluations: without the gradient, each step takes one more for each dimension.")


if __name__ == "__main__":
    main()
