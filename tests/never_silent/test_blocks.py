"""`no_grad`, `enable_grad`, `debug` and `scope`, left however they are: what was said is what is recorded."""

import asyncio
import contextlib
import contextvars
import functools
import gc

import numpy as np
import pytest

import nn
from autograd import Graph, Tensor, debug, enable_grad, no_grad, scope
from autograd.errors import NonFiniteWarning
from autograd.transforms import grad, hessian

W = Tensor([1.0, 2.0], requires_grad=True)


def records():
    return (W * 1).requires_grad


def labels():
    with enable_grad():
        inside = Graph.of(W * 1).nodes[-1].scope
    return inside.path if inside is not None else ""


@pytest.fixture(autouse=True)
def as_before():
    """Every test here leaves the recording as it found it, which is as it is at the start."""
    assert records()
    assert labels() == ""
    yield
    assert records()
    assert labels() == ""


# Left out of order.


def test_two_no_grads_left_in_the_order_they_were_entered():
    a, b = no_grad(), no_grad()
    a.__enter__()
    b.__enter__()
    a.__exit__(None, None, None)
    assert not records()
    b.__exit__(None, None, None)
    assert records()


def test_three_left_in_every_order():
    import itertools

    for order in itertools.permutations(range(3)):
        blocks = [no_grad(), no_grad(), no_grad()]
        for block in blocks:
            block.__enter__()
        for k in order[:-1]:
            blocks[k].__exit__(None, None, None)
            assert not records(), order
        blocks[order[-1]].__exit__(None, None, None)
        assert records(), order


@pytest.mark.parametrize("first", [0, 1])
def test_no_grad_and_enable_grad_left_out_of_order(first):
    outer, inner = no_grad(), enable_grad()
    outer.__enter__()
    inner.__enter__()
    assert records()
    if first == 0:  # the outer one goes, and enable_grad is still in force
        outer.__exit__(None, None, None)
        assert records()
        inner.__exit__(None, None, None)
    else:
        inner.__exit__(None, None, None)
        assert not records()
        outer.__exit__(None, None, None)
    assert records()


def test_scopes_left_out_of_order():
    a, b = scope("a"), scope("b")
    a.__enter__()
    b.__enter__()
    assert labels() == "a.b"
    a.__exit__(None, None, None)
    assert labels() == "b"
    b.__exit__(None, None, None)
    assert labels() == ""


def test_a_mixture_left_out_of_order():
    a, b, c = scope("a"), no_grad(), scope("c")
    a.__enter__()
    b.__enter__()
    c.__enter__()
    b.__exit__(None, None, None)
    assert records()
    assert labels() == "a.c"
    a.__exit__(None, None, None)
    assert labels() == "c"
    c.__exit__(None, None, None)


def test_exit_stacks():
    with contextlib.ExitStack() as stack:
        stack.enter_context(no_grad())
        stack.enter_context(scope("a"))
        assert not records()
        taken = stack.pop_all()
    assert not records()
    taken.close()


def test_one_block_entered_twice():
    block = no_grad()
    with block:
        with block:
            assert not records()
        assert not records()
    assert records()
    with block:
        assert not records()


def test_one_block_used_in_turns():
    quiet = no_grad()
    for _ in range(3):
        with quiet:
            assert not records()
        assert records()


def test_a_block_left_twice_is_refused_or_changes_nothing():
    block = no_grad()
    with block:
        pass
    with contextlib.suppress(RuntimeError, TypeError):
        block.__exit__(None, None, None)
    assert records()


def test_a_block_left_that_was_never_entered():
    with contextlib.suppress(RuntimeError, TypeError):
        no_grad().__exit__(None, None, None)
    assert records()


# Generators.


def batches(n=3):
    with no_grad():
        for k in range(n):
            yield k, records()


def test_a_generator_suspended_in_no_grad_switches_nobody_off():
    for _, inside in batches():
        assert not inside
        assert records()


def test_a_generator_that_is_not_run_to_its_end():
    for _ in batches():
        break
    gc.collect()
    assert records()


def test_a_generator_that_is_kept_suspended():
    generator = batches()
    next(generator)
    assert records()
    with no_grad():
        next(generator)
        assert not records()
    assert records()
    generator.close()


def test_two_generators_in_step():
    for (_, a), (_, b) in zip(batches(), batches(), strict=True):
        assert not a
        assert not b
        assert records()


def test_a_generator_resumed_inside_enable_grad():
    generator = batches()
    next(generator)
    with enable_grad():
        assert next(generator)[1] is False
        assert records()
    generator.close()


@pytest.mark.parametrize(
    "block",
    [lambda: scope("caller"), debug, enable_grad, no_grad],
    ids=["scope", "debug", "enable_grad", "no_grad"],
)
def test_a_generator_resumed_inside_of_a_later_block_is_in_its_own(block):
    def quiet():
        with no_grad():
            for _ in range(3):
                yield records()

    def loud():
        with enable_grad(), scope("loud"):
            for _ in range(3):
                yield records(), labels()

    one, two = quiet(), loud()
    next(one), next(two)
    with block():
        outside = records(), labels()
        assert next(one) is False
        assert next(two) == (True, "loud")
        assert (records(), labels()) == outside
        with scope("inner"):
            assert next(one) is False
            assert next(two) == (True, "loud")
        assert list(one) == []
        assert list(two) == []
        assert (records(), labels()) == outside
    assert records()


def test_a_block_inside_of_a_generator_that_was_suspended():
    def numbers():
        with no_grad():
            yield
            with enable_grad():
                yield records()
            yield records()
        yield records()

    generator = numbers()
    next(generator)
    with scope("caller"):
        assert [next(generator) for _ in range(3)] == [True, False, True]
        assert labels() == "caller"
    generator.close()


def test_a_nan_in_a_generator_in_debug_is_named():
    def watched():
        with debug():
            yield np.log(W * 0)

    with np.errstate(divide="ignore"), pytest.warns(NonFiniteWarning, match=r"yield np\.log\(W \* 0\)"):
        next(watched())


def test_a_generator_that_enables_inside_no_grad():
    def recorded():
        with enable_grad():
            while True:
                yield records()

    generator = recorded()
    with no_grad():
        assert next(generator)
        assert not records()
        assert next(generator)
        assert not records()
    generator.close()


def test_a_generator_in_a_scope():
    def layers():
        with scope("generated"):
            yield labels()
            yield labels()

    generator = layers()
    assert next(generator) == "generated"
    assert labels() == ""
    with scope("caller"):
        next(generator)
        assert labels() == "caller"
    generator.close()


def test_a_generator_finished_by_an_exception():
    generator = batches()
    next(generator)
    with pytest.raises(KeyError):
        generator.throw(KeyError())
    assert records()


def test_yield_from():
    def outer():
        yield from batches()
        yield None, records()

    assert [inside for _, inside in outer()] == [False, False, False, True]
    assert records()


def test_a_generator_expression_consumed_inside():
    values = (records() for _ in range(2))
    with no_grad():
        assert list(values) == [False, False]


def test_a_generator_suspended_in_debug():
    def watched():
        with debug():
            yield W * 2
            yield W * 2

    generator = watched()
    assert Graph.of(next(generator)).nodes[-1].source is not None
    assert Graph.of(W * 2).nodes[-1].source is None
    generator.close()


def test_a_model_called_by_a_generator():
    model = nn.Linear(2, 1, rng=0)

    def outputs():
        for _ in range(2):
            yield model(np.ones((1, 2)))

    for y in outputs():
        assert y.requires_grad
        assert labels() == ""


# contextlib, decorators, async functions.


@contextlib.contextmanager
def evaluation():
    with no_grad():
        yield


def test_a_context_manager_of_ones_own_around_no_grad():
    """The generator of `contextmanager` is suspended while its block runs, and means that block."""
    with evaluation():
        assert not records()
    assert records()


def test_context_managers_of_ones_own_nested():
    with evaluation():
        with evaluation():
            assert not records()
        assert not records()
        with enable_grad():
            assert records()
        assert not records()


def test_a_context_manager_of_ones_own_left_by_an_exception():
    with pytest.raises(KeyError), evaluation():
        raise KeyError
    assert records()


def test_a_context_manager_of_ones_own_as_a_decorator():
    @evaluation()
    def inside():
        return records()

    assert not inside()
    assert records()
    assert not inside()


def test_a_context_manager_of_scopes():
    @contextlib.contextmanager
    def block(name):
        with scope(name), scope("inner"):
            yield

    with block("mine"):
        assert labels() == "mine.inner"
    assert labels() == ""


def test_a_fixture_of_pytest_is_such_a_generator():
    """A fixture that yields inside `no_grad` is suspended for the whole test."""

    def fixture():
        with no_grad():
            yield "value"

    generator = fixture()
    assert next(generator) == "value"
    with contextlib.suppress(StopIteration):
        next(generator)
    assert records()


def test_decorated_functions():
    @no_grad()
    def quiet():
        return records()

    @no_grad()
    @scope("f")
    def both():
        return records()

    @enable_grad()
    def loud():
        return records()

    assert not quiet()
    assert not both()
    with no_grad():
        assert loud()
    assert records()
    assert quiet.__name__ == "quiet"


def test_a_decorated_function_that_recurses_or_fails():
    @no_grad()
    def down(n):
        return [records()] + (down(n - 1) if n else [])

    @no_grad()
    def fails():
        raise KeyError

    assert down(3) == [False] * 4
    assert records()
    with pytest.raises(KeyError):
        fails()
    assert records()


def test_what_runs_piece_by_piece_is_not_decorated():
    """The block would be over before the body begins: refused, with the way to write it."""

    def generator():
        yield

    async def coroutine():
        pass

    async def both():
        yield

    for function in (generator, coroutine, both):
        for block in (no_grad(), enable_grad(), debug(), scope("a")):
            with pytest.raises(
                TypeError, match=rf"{function.__name__} runs piece by piece.*`with` block inside"
            ):
                block(function)


def test_a_decorated_method_and_partial():
    class Model:
        @no_grad()
        def predict(self):
            return records()

    assert not Model().predict()
    assert not functools.partial(no_grad()(records))()
    assert records()


def test_tasks_do_not_switch_each_other_off():
    async def quiet(seen):
        with no_grad():
            for _ in range(3):
                seen.append(records())
                await asyncio.sleep(0)

    async def loud(seen):
        for _ in range(3):
            seen.append(records())
            await asyncio.sleep(0)

    async def main():
        a, b = [], []
        await asyncio.gather(quiet(a), loud(b), quiet(a), loud(b))
        return a, b

    a, b = asyncio.run(main())
    assert a == [False] * 6
    assert b == [True] * 6


def test_a_coroutine_awaited_inside_is_inside():
    async def inner():
        await asyncio.sleep(0)
        return records()

    async def main():
        with no_grad():
            return await inner()

    assert asyncio.run(main()) is False
    assert records()


def test_async_generators_and_async_context_managers():
    async def numbers():
        with no_grad():
            for _ in range(2):
                yield records()

    @contextlib.asynccontextmanager
    async def quiet():
        with no_grad():
            yield

    async def main():
        async for inside in numbers():
            assert not inside
            assert records()
        async with quiet():
            assert not records()
            await asyncio.sleep(0)
            assert not records()
        assert records()

    asyncio.run(main())


def test_a_copied_context():
    with no_grad():
        context = contextvars.copy_context()
        assert context.run(records) is False
    assert records()
    context.run(records)
    assert records()


# Exceptions.


@pytest.mark.parametrize(
    "block",
    [no_grad, enable_grad, debug, lambda: scope("a")],
    ids=["no_grad", "enable_grad", "debug", "scope"],
)
def test_an_exception_leaves_it(block):
    for _ in range(2):
        with pytest.raises(KeyError), block():
            raise KeyError
    assert records()


def test_an_exception_inside_grad_inside_a_scope():
    def f(x):
        with scope("f"), no_grad():
            raise KeyError

    with pytest.raises(KeyError):
        grad(f)(1.0)
    assert records()


def test_an_exception_in_a_modules_forward():
    class Fails(nn.Module):
        def forward(self, x):
            with no_grad():
                raise KeyError

    with pytest.raises(KeyError):
        nn.Sequential(Fails())(np.ones(2))
    assert records()
    assert labels() == ""


def test_keyboard_interrupt_and_generator_exit():
    for error in (KeyboardInterrupt, GeneratorExit, SystemExit):
        with pytest.raises(error), no_grad():
            raise error
    assert records()


def test_return_break_and_continue():
    def returns():
        with no_grad():
            return records()

    assert not returns()
    for _ in range(2):
        with no_grad():
            continue
    for _ in range(2):
        with no_grad():
            break
    assert records()


# What is not recorded is no gradient that is silently lost.


def test_a_loss_made_in_no_grad_cannot_go_backward():
    with no_grad():
        loss = np.sum(W * 2)
    with pytest.raises(Exception, match="no_grad"):
        loss.backward()


def test_a_loss_of_constants_cannot_go_backward():
    with pytest.raises(Exception, match="does not require a gradient: nothing it was computed from does"):
        np.sum(Tensor([1.0]) * 2).backward()


def test_grad_inside_of_no_grad_is_a_gradient_still():
    with no_grad():
        assert grad(lambda x: x**2)(3.0) == 6.0


def test_backward_inside_of_no_grad():
    x = Tensor(3.0, requires_grad=True)
    y = x**2
    with no_grad():
        y.backward()
    assert x.grad == 6.0


def test_create_graph_inside_of_no_grad():
    """What was asked for by name is done, or refused: not left out."""
    x = Tensor(3.0, requires_grad=True)
    y = x**3
    with no_grad():
        y.backward(create_graph=True)
    assert x.grad.requires_grad


def test_create_graph_twice_inside_of_no_grad():
    """The sum of two gradients that were recorded is recorded too."""
    x = Tensor(3.0, requires_grad=True)
    y = x**3
    with no_grad():
        y.backward(create_graph=True)
        y.backward(create_graph=True)
    first = x.grad
    assert first.data == 54.0
    x.zero_grad()
    first.backward()
    assert x.grad == 36.0


def test_a_hook_of_a_leaf_inside_of_no_grad_and_create_graph():
    x = Tensor(3.0, requires_grad=True)
    x.register_hook(lambda g: g * g)
    y = x**2
    with no_grad():
        y.backward(create_graph=True)
    first = x.grad
    assert first.data == 36.0
    x.zero_grad()
    first.backward()
    assert x.grad == 24.0**2  # 8x, and the hook sees it too


@pytest.mark.parametrize("wrapped", [grad, hessian], ids=["grad", "hessian"])
def test_a_transformation_inside_of_no_grad_is_right(wrapped):
    x = np.array([1.0, 2.0])
    with no_grad():
        inside = wrapped(lambda v: np.sum(v**3))(x)
    np.testing.assert_array_equal(inside, wrapped(lambda v: np.sum(v**3))(x))


def test_a_function_with_no_grad_inside_of_grad_is_a_constant():
    """What was said to be no part of the gradient is none."""

    def f(x):
        with no_grad():
            scale = x * 10
        return scale * x

    assert grad(f)(2.0) == 20.0


def test_gradients_of_a_gradient_inside_of_no_grad():
    assert grad(lambda x: grad(lambda y: y**3)(x) * 1)(2.0) == 12.0
    with no_grad():
        assert grad(lambda x: grad(lambda y: y**3)(x) * 1)(2.0) == 12.0
