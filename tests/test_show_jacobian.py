"""The Jacobian explorer: its numbers, what it finds in them, and what it says of the cost.

What the page does with them is tested in test_jacobian_browser.py.
"""

import json
import re
import subprocess
import sys
import time
from functools import partial
from xml.etree import ElementTree

import numpy as np
import pytest

import backprop_lab as bl
from backprop_lab import ops
from backprop_lab.errors import DataError, GradientError
from backprop_lab.pictures import heat
from backprop_lab.widgets.jacobian import LONGEST, MOST
from backprop_lab.widgets.structure import find_structure
from tests.graphs_to_draw import HOSTILE, SVG
from tests.test_transforms import FUNCTIONS, SEVERAL, both, torch

CASES = FUNCTIONS | SEVERAL
RNG = np.random.default_rng(4)


def syllabus(x):
    return ops.stack([x[0] * x[1], x[0].sin(), x[1] ** 2])


def shown(explorer):
    """J as the page gets it."""
    data = json.loads(json.dumps(explorer.data, allow_nan=False))
    values = np.array([float(x) for x in data["values"]])
    return values.reshape(len(data["rows"]), len(data["columns"]))


def fact(explorer, label):
    return dict(explorer.data["facts"])[label]


class TestNumbers:
    @pytest.mark.parametrize("name", CASES)
    def test_j_is_pytorchs(self, name):
        (ours, theirs), x = both(CASES[name][0]), CASES[name][1]
        explorer = bl.show_jacobian(ours, x)
        expected = torch.autograd.functional.jacobian(theirs, torch.tensor(x)).numpy()
        found = shown(explorer)
        np.testing.assert_allclose(found, expected.reshape(found.shape), rtol=1e-9, atol=1e-12)

    @pytest.mark.parametrize("name", CASES)
    def test_j_is_that_of_finite_differences(self, name):
        f, x = both(CASES[name][0])[0], CASES[name][1]
        columns = []
        for j in range(x.size):
            nudge = np.zeros(x.size)
            nudge[j] = 1e-6
            nudge = nudge.reshape(x.shape)
            columns.append((f(bl.tensor(x + nudge)) - f(bl.tensor(x - nudge))).data / 2e-6)
        expected = np.stack([np.ravel(column) for column in columns], axis=1)
        found = shown(bl.show_jacobian(f, x))
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)

    def test_every_entry_comes_in_full(self):
        x = RNG.normal(size=7)
        found = shown(bl.show_jacobian(lambda x: ops.softmax(x), x))
        assert np.array_equal(found, bl.jacobian(lambda x: ops.softmax(x))(x).data)

    def test_the_example_of_the_syllabus(self):
        explorer = bl.show_jacobian(syllabus, [2.0, 3.0])
        J = shown(explorer)
        np.testing.assert_allclose(J, [[3, 2], [-0.416147, 0], [0, 6]], atol=1e-6)
        np.testing.assert_allclose([1, -2, 0.5] @ J, [3.832294, 5], atol=1e-6)
        assert "y[1]: −0.4161, 0" in repr(explorer)

    def test_nan_and_inf_are_told_apart(self):
        with np.errstate(all="ignore"):
            explorer = bl.show_jacobian(lambda x: x.sqrt() * x, [0.0, -1.0, 4.0])
        assert {"nan"} <= {x for x in explorer.data["values"] if isinstance(x, str)}
        with np.errstate(all="ignore"):
            explorer = bl.show_jacobian(lambda x: x.log(), [0.0, 1.0])
        assert explorer.data["values"] == ["inf", *explorer.data["values"][1:]]

    def test_f_runs_once(self):
        runs = []
        bl.show_jacobian(lambda x: runs.append(1) or x * x, np.ones(20))
        assert len(runs) == 1

    def test_weights_around_f_stay_as_they_are(self):
        w = bl.parameter([1.0, 2.0])
        x = bl.tensor([3.0, 4.0], requires_grad=True, name="x")
        explorer = bl.show_jacobian(lambda x: w * x, x)
        assert np.array_equal(shown(explorer), np.diag([1.0, 2.0]))
        assert w.grad is None and x.grad is None

    def test_it_works_under_no_grad(self):
        with bl.no_grad():
            explorer = bl.show_jacobian(syllabus, [2.0, 3.0])
        assert shown(explorer)[2, 1] == 6


class TestLabels:
    def test_arrays_are_flattened_and_labels_say_the_index(self):
        explorer = bl.show_jacobian(lambda x: x.T, np.ones((2, 3)))
        assert explorer.data["rows"] == ["y[0,0]", "y[0,1]", "y[1,0]", "y[1,1]", "y[2,0]", "y[2,1]"]
        assert explorer.data["columns"][1] == "x[0,1]"
        assert shown(explorer)[2, 1] == 1  # y[1,0] is x[0,1]

    def test_scalars_have_no_index(self):
        explorer = bl.show_jacobian(lambda x: 3 * x, 2.0)
        assert (explorer.data["rows"], explorer.data["columns"]) == (["y"], ["x"])
        assert shown(explorer).tolist() == [[3.0]]
        assert "Jacobian of f: 1 × 1. Rows: 1 output; columns: 1 input." in repr(explorer)

    @pytest.mark.parametrize("name", HOSTILE, ids=ascii)
    def test_any_name_of_a_function_is_one_line_of_text(self, name):
        def f(x):
            return x * x

        f.__name__ = name
        explorer = bl.show_jacobian(f, [1.0, 2.0])
        assert len(explorer.data["heading"]) < 50
        assert explorer.data["heading"].isprintable()
        html = explorer._repr_html_()
        assert html.count("<script") == html.count("</script") == 1
        ElementTree.fromstring(explorer.svg)

    def test_a_callable_without_a_name_is_f(self):
        class Callable:
            __name__ = 3

            def __call__(self, x):
                return x * x

        for f in (Callable(), partial(ops.softmax, axis=0), lambda x: x):
            assert "Jacobian of f: 2 × 2" in repr(bl.show_jacobian(f, [1.0, 2.0]))


def changed(matrix, *places, to=1e-300):
    """A copy with entries planted: as small as they can be, and yet not 0."""
    matrix = np.array(matrix, dtype=float)
    for place in places:
        matrix[place] = to
    return matrix


FULL = RNG.normal(size=(6, 6))
BAND = np.triu(np.tril(FULL, 1), -1)
BLOCKS = np.kron(np.eye(3), np.ones((2, 4)))
STRUCTURES = [
    (np.zeros((3, 2)), "every entry is 0"),
    (np.ones((1, 1)), "a single number"),
    (np.eye(6), "diagonal"),
    (changed(np.eye(6), (0, 0), to=0), "diagonal"),
    (changed(np.eye(6), (5, 0)), "lower triangular"),
    (changed(np.eye(6), (0, 5)), "upper triangular"),
    (changed(np.eye(6), (0, 5), (5, 0)), "symmetric"),
    (np.tril(FULL), "lower triangular"),
    (changed(np.tril(FULL), (0, 5)), "none found"),
    (np.triu(FULL), "upper triangular"),
    (changed(np.triu(FULL), (5, 0)), "none found"),
    (BAND, "banded, with all that is not 0 on 3 neighbouring diagonals of 11"),
    (changed(BAND, (0, 5), (5, 0)), "none found"),
    (BAND + BAND.T, "banded, with all that is not 0 on 3 neighbouring diagonals of 11, symmetric"),
    (np.eye(5, 6, 1), "banded, with all that is not 0 on one diagonal of 10"),
    (FULL, "dense (no entry is 0)"),
    (changed(FULL, (2, 3), to=0), "none found"),
    (FULL + FULL.T, "dense (no entry is 0), symmetric"),
    (changed(FULL + FULL.T, (0, 1)), "dense (no entry is 0)"),
    (changed(np.eye(3), (1, 1), to=np.nan), "diagonal"),
    (changed(np.eye(3), (0, 2), to=np.nan), "upper triangular"),
    (changed(FULL + FULL.T, (1, 1), to=np.nan), "dense (no entry is 0)"),
    (BLOCKS, "block-diagonal, 3 blocks of 2 × 4"),
    (changed(BLOCKS, (0, 11)), "none found"),
    (np.ones((1, 4)), "dense (no entry is 0)"),
]


class TestStructure:
    @pytest.mark.parametrize(("matrix", "expected"), STRUCTURES)
    def test_known_matrices_and_near_misses(self, matrix, expected):
        assert find_structure(matrix) == expected

    @pytest.mark.parametrize(
        ("f", "expected"),
        [
            (lambda x: x.sin(), "diagonal"),
            (lambda x: bl.tensor(np.tril(np.ones((6, 6)))) @ x, "lower triangular"),
            (lambda x: x - x.mean(), "dense (no entry is 0), symmetric"),
            (
                lambda x: x[1:] - x[:-1],
                "banded, with all that is not 0 on 2 neighbouring diagonals of 10",
            ),
            (
                lambda x: ops.reshape(x, (3, 2)) @ bl.tensor(np.ones((2, 4))),
                "block-diagonal, 3 blocks of 4 × 2",
            ),
            (lambda x: x.detach() * 2 + 0 * x, "every entry is 0"),
        ],
    )
    def test_known_functions(self, f, expected):
        explorer = bl.show_jacobian(f, RNG.normal(size=6))
        assert fact(explorer, "structure") == expected
        assert f"Structure: {expected}." in repr(explorer)

    def test_non_zeros_are_counted(self):
        explorer = bl.show_jacobian(syllabus, [2.0, 3.0])
        assert fact(explorer, "not 0") == "4 of 6 (67 %)"

    @pytest.mark.parametrize(("n", "expected"), [(1, "100 %"), (2, "50 %"), (120, "less than 1 %")])
    def test_a_share_is_neither_none_nor_all_unless_it_is(self, n, expected):
        explorer = bl.show_jacobian(lambda x: x * x, np.ones(n))
        assert expected in fact(explorer, "not 0")
        one_less = np.ones((16, 16))
        one_less[0, 0] = 0
        explorer = bl.show_jacobian(lambda x: bl.tensor(one_less) @ x, np.ones(16))
        assert "(99 %)" in fact(explorer, "not 0")


class TestCosts:
    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_bytes_are_those_of_the_arrays(self, dtype):
        A = bl.tensor(RNG.normal(size=(5, 7)).astype(dtype))
        x = RNG.normal(size=7).astype(dtype)
        explorer = bl.show_jacobian(lambda x: (A @ x).tanh(), x)
        sizes = [text for _, text, _ in explorer.data["bytes"]]
        J = bl.jacobian(lambda x: (A @ x).tanh())(x).data
        y, pull_back = bl.vjp(lambda x: (A @ x).tanh(), x)
        (x_bar,) = pull_back(y.data)
        leaf = bl.tensor(x, requires_grad=True)
        kept = bl.saved((A @ leaf).tanh()).needed
        assert sizes == [f"{b} B" for b in (J.nbytes, kept, x_bar.data.nbytes, y.data.nbytes)]
        assert f"{J.nbytes} B for J; the rules keep {kept} B" in repr(explorer)

    def test_bars_are_shares_of_the_most(self):
        explorer = bl.show_jacobian(lambda x: x * x, np.ones(10))
        (_, _, dense), _, (_, _, message), _ = explorer.data["bytes"]
        assert (dense, message) == (1, 0.1)

    def test_where_nothing_runs_nothing_is_kept(self):
        explorer = bl.show_jacobian(lambda x: x, [1.0, 2.0])
        assert "the rules keep 0 B" in repr(explorer)

    @pytest.mark.parametrize(
        ("f", "n", "expected"),
        [
            (
                lambda x: x.sum(),
                9,
                "1 backward (by rows) or 9 forward (by columns); backward takes",
            ),
            (lambda x: ops.stack([x[0]] * 5), 2, "5 backward (by rows) or 2 forward (by columns);"),
            (lambda x: x * x, 3, "both take as many"),
        ],
    )
    def test_sweeps_either_way(self, f, n, expected):
        assert expected in fact(bl.show_jacobian(f, np.ones(n)), "sweeps to build J")


class TestTooLarge:
    def test_the_limit_is_the_number_of_entries(self):
        side = int(MOST**0.5)
        assert hasattr(bl.show_jacobian(lambda x: x * 2, np.ones(side)), "data")
        assert "not built" in repr(bl.show_jacobian(lambda x: x * 2, np.ones(side + 1)))

    def test_one_of_an_image_that_nobody_can_scroll_is_refused_too(self):
        assert hasattr(bl.show_jacobian(lambda x: x.sum(), np.ones(LONGEST)), "data")
        said = bl.show_jacobian(lambda x: x.sum(), np.ones(LONGEST + 1))
        assert "not built" in repr(said) and not hasattr(said, "data")

    def test_it_is_told_fast_and_without_building_j(self, monkeypatch):
        sweeps = []
        monkeypatch.setattr("backprop_lab.transforms.reverse_sweep", lambda *a: sweeps.append(a))
        x = np.ones(23_000, dtype="float32")
        began = time.perf_counter()
        words = repr(bl.show_jacobian(lambda x: x * x, x))
        assert time.perf_counter() - began < 0.2
        assert not sweeps
        for said in ("529,000,000 entries", "2.12 GB", "one VJP is 92 kB", "23,000 backward"):
            assert said in words


class TestBadInput:
    @pytest.mark.parametrize(
        ("f", "x", "error", "said"),
        [
            (3, 1.0, DataError, "show_jacobian takes a function, and this is an int"),
            (bl.tensor(3.0), 1.0, DataError, "show_jacobian takes a function"),
            (..., 1.0, DataError, "stands where an answer is to go"),
            (lambda x: x, ..., DataError, "stands where an answer is to go"),
            (lambda x: ..., 1.0, DataError, "f returned ..., which stands"),
            (lambda x: None, 1.0, GradientError, "f returned a NoneType"),
            (lambda x: 3.0, 1.0, GradientError, "f returned a float"),
            (lambda x: x.data, [1.0], GradientError, "f returned a ndarray"),
            (lambda x: [x, x], 1.0, DataError, "a list of 2.*ops.stack"),
            (lambda x: bl.tensor(np.arange(3)), 1.0, DataError, "f returned int64"),
            (lambda x, y: x, 1.0, DataError, "cannot take them"),
            (lambda x: x, "a", DataError, "is a str"),
            (lambda x: x, None, DataError, "is None"),
            (lambda x: x, np.array([1, 2]), DataError, "int64.*astype"),
        ],
    )
    def test_one_sentence_says_what_is_wrong(self, f, x, error, said):
        with pytest.raises(error, match=said):
            bl.show_jacobian(f, x)

    def test_an_error_of_the_function_itself_comes_through(self):
        with pytest.raises(ZeroDivisionError):
            bl.show_jacobian(lambda x: x * (1 / 0), 1.0)
        with pytest.raises(TypeError, match="unsupported"):
            bl.show_jacobian(lambda x: x * (1 + "a"), 1.0)

    @pytest.mark.parametrize(
        ("f", "x", "said"),
        [
            (lambda x: x * 2, np.ones(0), "0 × 0. It has no entries, because the output"),
            (lambda x: x.sum(), np.ones((0, 3)), "1 × 0. It has no entries, because the input"),
            (lambda x: x[:0], np.ones(3), "0 × 3. It has no entries, because the output"),
        ],
    )
    def test_an_empty_jacobian_is_a_sentence(self, f, x, said):
        picture = bl.show_jacobian(f, x)
        assert said in repr(picture)
        assert "<script" not in picture._repr_html_()


class TestPage:
    def test_it_is_the_same_in_every_process(self):
        code = (
            "import backprop_lab as bl\n"
            "print(bl.show_jacobian(lambda x: bl.ops.softmax(x), [1.0, 2.0, 3.0])._repr_html_())"
        )
        runs = {
            subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
            for _ in range(2)
        }
        assert len(runs) == 1

    def test_nothing_comes_from_outside_and_no_svg_output(self):
        explorer = bl.show_jacobian(syllabus, [2.0, 3.0])
        html = explorer._repr_html_()
        links = set(re.findall(r"https?://[^\"'\s)]+", html))
        assert not links
        assert not hasattr(explorer, "_repr_svg_")

    def test_the_vectors_are_of_mixed_signs_and_never_all_ones(self):
        data = bl.show_jacobian(lambda x: x * x, np.ones(20)).data
        for vector in (data["u"], data["v"]):
            assert min(vector) < 0 < max(vector)
            assert len({abs(x) for x in vector}) > 1


class TestStillPicture:
    def parts(self, matrix, tag):
        m, n = np.shape(matrix)
        rows, columns = [f"y[{i}]" for i in range(m)], [f"x[{j}]" for j in range(n)]
        svg = heat.heat_map(np.array(matrix, float).tolist(), rows, columns, "alt")
        return list(ElementTree.fromstring(svg).iter(SVG + tag))

    def test_small_ones_say_every_number_and_label(self):
        said = [t.text for t in self.parts([[3, 2], [-0.416147, 0], [np.nan, -np.inf]], "text")]
        for text in ("3", "2", "−0.4161", "0", "nan", "−inf", "y[2]", "x[1]"):
            assert text in said

    @pytest.mark.parametrize("size", [(3, 4), (40, 30)])
    def test_an_exact_zero_has_no_tile_and_the_smallest_number_has(self, size):
        matrix = np.zeros(size)
        matrix[1, 2], matrix[2, 0] = 1.0, 1e-300
        tag = "rect" if size == (3, 4) else "path"
        tiles = [
            part
            for part in self.parts(matrix, tag)
            if part.get("class") in ("above", "below") and part.get("height") != "12"
        ]
        assert len(tiles) == 2
        assert all(float(tile.get("fill-opacity")) > 0.05 for tile in tiles)

    def test_signs_and_zeros_differ_in_shape(self):
        """Bars and dots, one for each entry, where the tiles are large enough."""
        matrix = np.ones((20, 20))
        matrix[3, :4], matrix[5, :3], matrix[7, 7] = -1, 0, np.nan
        strokes = {}
        for path in self.parts(matrix, "path"):
            strokes.setdefault(path.get("class"), []).append(path.get("d").count("M"))
        assert strokes["light bar"] == [4, 1]  # in the map and in the legend
        assert strokes["dot"] == [3, 1]
        assert strokes["cross"] == [1]

    def test_strength_never_falls_as_entries_grow(self):
        levels = [heat.strength(x, 8.0) for x in np.linspace(1e-9, 8, 100)]
        assert levels == sorted(levels)
        assert levels[0] >= heat.FAINT and levels[-1] == 1

    @pytest.mark.parametrize("size", [(1, 1), (64, 48), (256, 256), (1, 2048), (2048, 32)])
    def test_every_tile_has_a_pixel_and_the_map_its_room(self, size):
        wide, high = heat.tile_size(*size)
        assert min(wide, high) >= 1
        assert wide * size[1] <= max(heat.WIDE, size[1])
        assert high * size[0] <= max(heat.HIGH, size[0])
