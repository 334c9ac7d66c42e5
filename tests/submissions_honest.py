"""Honest submissions: none may lose a point that it has earned."""

from tests.submissions import EVERYTHING, SETUP, STUBS, WRONG, code, file, page, right

SUMMED = "def helper(x, y):\n    return x * y\n"
WITH_HELPER = """
def two_roads(x, y):
    z = helper(x, y)
    dh_dz = 1 / z + np.exp(z)
    return dh_dz * y, dh_dz * x
"""


def honest(bank):
    put = bank.cells
    put("right", *right())
    put("untouched", SETUP, *STUBS.values(), lost=EVERYTHING)
    put("one answered", SETUP, *(STUBS | {"visits": "def visits(n): return 2**n, 4*n"}).values(),
        lost=EVERYTHING - {"visits"})  # fmt: skip
    put("one wrong", *right(sweep=WRONG), lost={"sweep"})
    put("star import of numpy", "from numpy import *", *right())
    put("star import after set-up", SETUP, "from numpy import *", *right()[1:])
    put("builtins shadowed at the end", *right(), "sum = zip = dict = reversed = float = 3")
    put("a name used again at the end", *right(), "slope = 3.0\nvisits = [1, 2]")
    put("numpy's name is gone at the end", *right(), "del np, bl, check")
    put("numpy's name is used for something else", *right(), "np = 5")
    put("warnings", "import warnings\nwarnings.warn('careful')\nnp = None", *right())
    put("warnings are errors", "import warnings\nwarnings.simplefilter('error')", *right())
    put("prints", *right(), "print('x' * 10_000)")
    put("prints inside", *right(visits="def visits(n):\n    print(n)\n    return 2**n, 4*n"))
    put("a plot", *right(), "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()")
    put("magics", "%matplotlib inline\n%config InlineBackend.figure_format = 'svg'", *right(),
        "%timeit -n1 -r1 visits(3)", "!ls", "visits?", "%whos")  # fmt: skip
    put("timed cell", *right(visits="%%time\ndef visits(n):\n    return 2**n, 4*n"))
    put("a cell for the shell", "%%bash\nls", *right())
    put("capture", "%%capture\nprint(1)", *right())
    put("unknown magic", "%load_ext nowhere", "%%nothing\nx = 1", *right())
    put("display", *right(), "from IPython.display import display, HTML\ndisplay(HTML('<b>'))",
        "get_ipython().run_cell('1')")  # fmt: skip
    put("widgets", *right(), "import ipywidgets\ndisplay(ipywidgets.IntSlider())")
    put("asks for input", "name = input('Who are you? ')", *right())
    put("await", "import asyncio\nawait asyncio.sleep(0)", *right())
    put(
        "draws and checks in one cell",
        *right(),
        "bl.draw({'a': ['input']})\ncheck('visits', visits)",
    )
    put("split cells", SETUP, "def first(n):\n    return 2**n",
        *right(visits="def visits(n):\n    return first(n), second(n)")[1:-4],
        "def visits(n):\n    return first(n), second(n)", "def second(n):\n    return 4 * n",
        'check("visits", visits)', *right()[-2:])  # fmt: skip
    put("helper before", SETUP, SUMMED, *right(two_roads=WITH_HELPER)[1:])
    put("helper at the end", *right(two_roads=WITH_HELPER), SUMMED)
    put("answered at the end", *right(sweep=STUBS["sweep"]), right()[7])
    put("corrected later", *right(sweep=WRONG), right()[7], 'check("sweep", sweep)')
    put("duplicated cells", *right(), *right())
    put("the last one counts", *right(visits="def visits(n): return 1\ndef visits(n): return n, n"),
        lost={"visits"})  # fmt: skip
    put("checks deleted", *[cell for cell in right() if not cell.startswith("check(")])
    put("set-up deleted", *right()[1:])
    put("set-up at the end", *right()[1:], SETUP)
    put("checks first", *right()[::2][1:], SETUP, *right()[1::2])
    put("in reverse", SETUP, *reversed(right()[1:]))
    put("one answer deleted", *right(sweep=None), lost={"sweep"})
    put("only one answer left", SETUP, right()[7], lost=EVERYTHING - {"sweep"})
    put("a syntax error", *right(sweep="def sweep(graph, order, local)\n  return"), lost={"sweep"})
    put("a syntax error elsewhere", "def f(:", *right(), "1 +")
    put("errors in between", "1 / 0", *right(), "nonsense", "raise SystemExit('bye')")
    put("expected error", code("1 / 0", metadata={"tags": ["raises-exception"]}), *right())
    put("an answer raises", *right(sweep="def sweep(*a):\n    raise ValueError('no')"),
        lost={"sweep"})  # fmt: skip
    put("a lambda", *right(visits="visits = lambda n: (2**n, 4 * n)"))
    put("a cached function", *right(visits="import functools\n\n@functools.cache\n"
                                    "def visits(n):\n    return 2**n, 4 * n"))  # fmt: skip
    put("a partial", *right(visits="from functools import partial\n"
                            "visits = partial(lambda k, n: (2**n, k * n), 4)"))  # fmt: skip
    put("two names at once", *right(visits="visits, other = (lambda n: (2**n, 4 * n)), 1"))
    put("defined under an if", *right(visits="if True:\n    def visits(n): return 2**n, 4*n"))
    put("with types", *right(visits="def visits(n: int) -> tuple[int, int]:\n    return 2**n, 4*n"))
    put("windows line ends", *[cell.replace("\n", "\r\n") for cell in right()])
    put("odd letters", "größe = 'ß'\nπ = 3.14  # 你好 🎈", *right())
    put("a thread that goes on", "import threading, time\nthreading.Thread(target=time.sleep, "
        "args=(1000,)).start()", *right())  # fmt: skip
    put("a seed set", "np.random.seed(0)\nimport random; random.seed(0)", *right())
    put("numbers printed in full", "import numpy as np\nnp.set_printoptions(precision=3)\n"
        "np.seterr(all='raise')", *right())  # fmt: skip
    put("its own class", *right(), "class A:\n    def __repr__(self): raise ValueError\nA()")
    put("remembers inputs", *right(visits="seen = []\ndef visits(n):\n    seen.append(n)\n"
                                   "    return 2**n, 4*n"))  # fmt: skip
    put("files of its own", "open('mine.txt', 'w').write('x')\nprint(open('mine.txt').read())",
        *right())  # fmt: skip
    put(
        "calls the lab where it should not",
        *right(
            sweep=f"{right()[7].strip()}\ninner = sweep\ndef sweep(graph, order, local):\n"
            "    bl.tensor(1.0)\n    return inner(graph, order, local)"
        ),
        lost={"sweep"},
    )
    bank.put("source as lines", file([code(cell.splitlines(True)) for cell in right()]))
    bank.put("many cells", file([*(f"x = {i}" for i in range(2000)), *right()]))
    put("the whole page", *page())
    put("the page backwards", SETUP, *reversed(list(page())))
    put(
        "signs that nobody sees",
        *[cell if cell.startswith("def ") else f"{cell}\n\ufeff" for cell in page()],
    )
    put("names of the page's used otherwise", SETUP, "h_at = rows = local = tell = diamond = 5",
        *page())  # fmt: skip
    put(
        "it rests on what the page did",
        *page(
            visits="first = rng.normal()\ndef visits(n):\n"
            "    told = len(gradients) == 7 and first == np.random.default_rng(0).normal()\n"
            "    return 2**n, 4 * n * (told and moved['T'] > 0 and eval('len(diamond)') // 4)"
        ),
    )
