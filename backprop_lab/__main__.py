"""The command line: `python -m backprop_lab build | site | handout | grade | …`, see --help."""

import argparse
import sys


def main(arguments=None):
    """Run one command; returns the exit status."""
    from .coursework.grading import command

    options = parser().parse_args(arguments)
    try:
        if options.command == "build":
            return check_notebooks() if options.check else build_notebooks(options.numbers)
        if options.command == "site":
            return make_site(options)
        if options.command == "handout":
            return hand_out(options)
        if options.command == "exercises":
            return try_exercises(options.module)
        return getattr(command, options.command)(options)
    except (RuntimeError, ValueError, OSError) as error:  # their texts say what to do
        print(error, file=sys.stderr)
        return 2


def parser():
    from .coursework.grading import command

    whole = argparse.ArgumentParser(prog="python -m backprop_lab", description=__doc__)
    commands = whole.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="make the notebooks from notebooks/source/")
    build.add_argument("numbers", nargs="*", help="which notebooks, such as 01 (default: all)")
    build.add_argument(
        "--check", action="store_true", help="only say which notebooks are not as their source"
    )
    site = commands.add_parser("site", help="make the notebooks a site of plain pages")
    site.add_argument("--out", required=True, metavar="DIR", help="a folder that is not there yet")
    site.add_argument("--solved", action="store_true", help="the notebooks with their solutions")
    add_handout(commands)
    own = commands.add_parser("exercises", help="try a module of exercises of your own")
    own.add_argument("module", metavar="F.py")
    command.add_arguments(commands)
    return whole


def add_handout(commands):
    handout = commands.add_parser("handout", help="make the bundle for learners, without solutions")
    handout.add_argument(
        "--out", required=True, metavar="DIR", help="a folder that is not there yet"
    )
    handout.add_argument("--notebooks", nargs="+", type=int, default=(), metavar="N")
    handout.add_argument("--learners", metavar="IDS", help="a list of ids, one a line: practice "
                         "problems for each")  # fmt: skip
    handout.add_argument("--secret-file", metavar="F", help="what these problems are made from")
    handout.add_argument("--nbgrader", metavar="DIR", help="also source/ and release/ for nbgrader")
    handout.add_argument("--also", nargs="+", default=(), metavar="FILE", help="files of your own: "
                         "a notebook, exercises that learners may see")  # fmt: skip


def hand_out(options):
    from .coursework.grading.command import read_secret
    from .coursework.handout import hand_out

    secret = read_secret(options.secret_file) if options.secret_file else b""
    chosen = options.notebooks, options.learners, secret, options.nbgrader, options.also
    written = hand_out(options.out, *chosen)
    print(f"{options.out}: {len(written)} notebooks and the package; no solution is in it.")
    return 0


def make_site(options):
    try:
        from .coursework.site.pages import write_site
    except ImportError as missing:
        raise RuntimeError(
            f"The site needs {missing.name}, which is not installed. Install all that it needs: "
            'python -m pip install -e ".[site]"'
        ) from missing
    pages = write_site(options.out, options.solved)
    print(f"{len(pages)} pages. Open {pages[0]}, or put the folder on any web host.")
    return 0


def try_exercises(path):
    from .coursework.laws import report
    from .exercises.own import read

    lines = report(read(path))
    print("\n".join(lines))
    return 0 if all(line.startswith("ok ") for line in lines) else 1


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
