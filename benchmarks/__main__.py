"""The command line: `python -m benchmarks [experiment ...]`."""

from .pinning import pin

CORE = pin()  # before anything below imports NumPy

import argparse  # noqa: E402
import json  # noqa: E402
import platform  # noqa: E402
from pathlib import Path  # noqa: E402

from .experiments import EXPERIMENTS  # noqa: E402
from .peers import KEYS  # noqa: E402
from .plots import draw  # noqa: E402
from .session import Session  # noqa: E402
from .table import print_table  # noqa: E402


def main():
    """Run the experiments that are named, or all of them: a table, a plot and JSON for each."""
    options = arguments()
    session = Session(options.rounds, options.dtype, options.peers)
    print(session, "not pinned" if CORE is None else f"pinned to core {CORE}", sep=", ")
    options.out.mkdir(parents=True, exist_ok=True)
    for name in options.experiments or EXPERIMENTS:
        result = EXPERIMENTS[name](session)
        print_table(result)
        store(result, session, options.out)
    print(f"\nThe plots and the numbers are in {options.out}.")


def arguments():
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "experiments", nargs="*", metavar="experiment", help=f"{', '.join(EXPERIMENTS)}; or all"
    )
    parser.add_argument("--rounds", type=int, default=30, help="more are steadier (default: 30)")
    parser.add_argument("--dtype", choices=("float64", "float32"), default="float64")
    parser.add_argument("--peers", nargs="+", choices=KEYS, default=KEYS, metavar="PEER")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    options = parser.parse_args()
    if unknown := set(options.experiments) - set(EXPERIMENTS):
        parser.error(f"no such experiment: {', '.join(unknown)}")
    return options


def store(result, session, folder):
    """Leave the plot and the numbers of one experiment in the folder."""
    record = {**session.plain(), "machine": machine(), **result.plain()}
    text = json.dumps(record, indent=1, ensure_ascii=False)
    (folder / f"{result.name}.json").write_text(text, encoding="utf-8")
    try:
        draw(result, folder / f"{result.name}.png")
    except ImportError as error:  # the numbers are worth having without a picture
        print(f"No plot: {error}.")


def machine():
    return {"python": platform.python_version(), "system": platform.platform(), "core": CORE}


if __name__ == "__main__":
    main()
