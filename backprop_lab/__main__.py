"""The command line: `python -m backprop_lab build [--check] [NN …]`."""

import argparse
import sys


def main(arguments=None):
    """Run one command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m backprop_lab", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser("build", help="make the notebooks from notebooks/source/")
    command.add_argument("numbers", nargs="*", help="which notebooks, such as 01 (default: all)")
    command.add_argument(
        "--check", action="store_true", help="only say which notebooks are not as their source"
    )
    options = parser.parse_args(arguments)
    return check_notebooks() if options.check else build_notebooks(options.numbers)


def build_notebooks(numbers):
    from .coursework.build import ROOT, build, sources

    chosen = [source for source in sources() if not numbers or source.name[:2] in numbers]
    for path in build(chosen):
        print("built", path.relative_to(ROOT))
    return 0


def check_notebooks():
    from .coursework.build import ROOT, stale

    problems = stale()
    for path, reason in sorted(problems.items()):
        print(f"{path.relative_to(ROOT)} {reason}")
    if problems:
        print("Edit notebooks/source/ and run: python -m backprop_lab build")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
