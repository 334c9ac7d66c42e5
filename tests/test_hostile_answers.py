"""Answers that loop, raise, lie or vandalise: a check survives them and gives them nothing."""

import _thread
import os
import sys
import threading
import time

import numpy as np
import pytest

import backprop_lab as bl
from backprop_lab.exercises import check, exercises
from backprop_lab.exercises.judging import assess
from tests.answers import define, reference

ALL = list(exercises().values())


def endless(graph, root):
    while True:
        pass


def endless_in_a_generator(graph, root):
    while not all(name == root + root for name in graph):
        pass


@pytest.mark.parametrize("topo", [endless, endless_in_a_generator])
def test_an_endless_loop_is_stopped_once(monkeypatch, topo):
    monkeypatch.setattr("backprop_lab.exercises.probing.SECONDS", 0.2)
    calls = []

    def counted(graph, root):
        calls.append(root)
        return topo(graph, root)

    verdict = assess(exercises()["topo"], counted, 0)
    assert verdict.status == "stopped"
    assert "a loop that cannot end" in verdict.text
    assert verdict.misconception is None
    assert len(calls) == 1


class Mute(Exception):
    def __str__(self):
        raise RuntimeError("no words")


def mute(*inputs):
    raise Mute


def closes_stdout(graph, *rest):
    sys.stdout.close()
    return []


def ties_a_knot(graph, *rest):
    graph["knot"] = graph
    return []


def deep_inside(*inputs):
    nested = []
    for _ in range(100_000):
        nested = [nested]
    return nested


def hides_from_the_watch(graph, *rest):
    sys.setprofile(None)
    return list(bl.Graph.from_rows(graph).rows())


HOSTILE = [mute, closes_stdout, ties_a_knot, deep_inside, hides_from_the_watch, lambda *x: 10**400]


@pytest.mark.parametrize("name", ["topo", "is_valid_order", "forward"])
@pytest.mark.parametrize("answer", HOSTILE)
def test_hostile_answers_earn_nothing_and_leave_nothing_behind(name, answer, capfd):
    before = sys.getprofile(), sys.stdout, sys.getrecursionlimit()
    verdict = assess(exercises()[name], answer, 0)
    assert verdict.share == 0
    assert (sys.getprofile(), sys.stdout, sys.getrecursionlimit()) == before
    assert capfd.readouterr().err == ""


def test_the_recursion_limit_is_restored():
    def topo(graph, root):
        sys.setrecursionlimit(50_000)
        return []

    before = sys.getrecursionlimit()
    assess(exercises()["topo"], topo, 0)
    assert sys.getrecursionlimit() == before


def test_ctrl_c_ends_the_check():
    calls = []

    def topo(graph, root):
        calls.append(root)
        raise KeyboardInterrupt

    assert assess(exercises()["topo"], topo, 0).text.endswith("You stopped it.")
    assert len(calls) == 1


def test_rows_that_double_and_double_are_refused_at_once():
    rows = {"a": ["input"], "t0": ["+", "a", "a"]}
    rows |= {f"t{i}": ["+", f"t{i - 1}", f"t{i - 1}"] for i in range(1, 5000)}
    assert "far more" in assess(exercises()["rows"], rows, 0).text


def test_a_card_stays_short():
    rows = {"a" * 10**6: ["input", "x"]}
    assert len(assess(exercises()["rows"], rows, 0).text) < 2000


def test_numbers_that_overflow_write_nothing_to_stderr(capfd):
    def forward(graph, order, leaves, functions):
        return dict.fromkeys(order, np.array([np.inf, -np.inf]))

    assert check("forward", forward) == 0
    assert capfd.readouterr().err == ""


class EqualToEverything:
    def __eq__(self, other):
        return True

    def __hash__(self):
        return 0


@pytest.mark.parametrize("exercise", ALL, ids=lambda e: e.id)
def test_an_object_that_equals_everything_earns_nothing(exercise):
    class Liar(dict):
        __eq__ = EqualToEverything.__eq__
        __hash__ = EqualToEverything.__hash__

    for liar in (EqualToEverything(), Liar()):
        assert check(exercise.id, liar) == 0
        assert check(exercise.id, lambda *inputs, liar=liar: liar) == 0


own_topo = define(reference(exercises()["topo"]), exercises()["topo"])


def in_a_thread(*inputs):
    thread = threading.Thread(target=bl.tensor, args=(1.0,))
    thread.start()
    thread.join()


def in_a_thread_of_its_own_kind(*inputs):
    class Mine(threading.Thread):
        def _bootstrap(self):
            bl.tensor(1.0)
            self._started.set()

    Mine().start()


def in_a_thread_without_its_hook(*inputs):
    hook, threading._profile_hook = threading._profile_hook, None
    in_a_thread()
    threading._profile_hook = hook


def in_a_thread_off_and_on(*inputs):
    thread = threading.Thread(target=off_and_on_again)
    thread.start()
    thread.join()


def in_a_thread_that_goes_on(*inputs):
    threading.Thread(target=time.sleep, args=(0.3,)).start()


def in_a_raw_thread(*inputs):
    done = []
    _thread.start_new_thread(lambda: done.append(bl.tensor(1.0)), ())
    while not done:
        time.sleep(0.001)


def in_a_process(*inputs):
    if os.fork() == 0:
        os._exit(0)


def off_and_on_again(*inputs):
    watch = sys.getprofile()
    list(map(sys.setprofile, [None]))
    bl.tensor(1.0)
    sys.setprofile(watch)


def through_a_reply(*inputs):
    """The watch asks for the name of the module, and what it asks makes the call."""

    class Names(dict):
        def get(self, *key):
            bl.tensor(1.0)
            self["asked"] = True

    names = Names()
    exec("def f(): pass\nf()", names)
    assert "asked" not in names


@pytest.mark.parametrize(
    "way",
    [
        in_a_thread, in_a_thread_of_its_own_kind, in_a_thread_without_its_hook,
        in_a_thread_off_and_on, in_a_thread_that_goes_on, in_a_raw_thread, in_a_process,
        off_and_on_again,
    ],
)  # fmt: skip
def test_the_watch_is_not_evaded(way):
    if way is in_a_process and not hasattr(os, "fork"):
        pytest.skip("This system has no fork.")

    def answer(graph, root):
        way()
        return own_topo(graph, root)

    assert assess(exercises()["topo"], own_topo, 0).share > 0
    assert assess(exercises()["topo"], answer, 0).share == 0
    in_a_thread()  # outside of an answer nothing is denied


def test_a_thread_that_calls_nothing_forbidden_is_fine():
    """Recursion needs one for its room: see the right answers to `topo`."""

    def answer(graph, root):
        order = []
        thread = threading.Thread(target=lambda: order.extend(own_topo(graph, root)))
        thread.start()
        thread.join()
        return order

    assert assess(exercises()["topo"], answer, 0).share == 1
    assert threading.getprofile() is None


def test_the_watch_asks_nothing_of_an_answer():
    def answer(graph, root):
        through_a_reply()
        return own_topo(graph, root)

    assert assess(exercises()["topo"], answer, 0).share > 0
