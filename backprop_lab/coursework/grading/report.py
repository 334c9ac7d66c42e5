"""The report on the class: how it went, what was misunderstood, and who needs a look."""

from collections import Counter, defaultdict

from ...exercises import exercises
from .marks import replace
from .page import page, rows, text

BINS = 10


def write_report(results, path):
    """Write the report on these results (as `marks.counted` chose them) as one page."""
    replace(path, page("Backprop Lab: the class", "\n".join(parts(results))))


def parts(results):
    graded = [result for result in results if result["notebook"] is not None]
    yield f"<p>{len(results)} submissions, {len(graded)} of them graded.</p>"
    for number in sorted({result["notebook"] for result in graded}):
        mine = [result for result in graded if result["notebook"] == number]
        yield f"<h2>Notebook {number}: {len(mine)} submissions</h2>"
        yield distribution(mine)
        yield success(mine)
    yield "<h2>What was misunderstood</h2>"
    yield misconceptions(graded)
    yield "<h2>For a person to look at</h2>"
    yield to_look_at(results)


def distribution(results):
    """How many earned which share of the points, as bars."""
    shares = [r["points"] / r["out_of"] if r["out_of"] else 0 for r in results]
    places = Counter(min(BINS - 1, int(share * BINS)) for share in shares)
    step = 100 // BINS
    labels = [f"{i * step} to {(i + 1) * step} %" for i in range(BINS)]
    return bars([(label, places[i]) for i, label in enumerate(labels)], "Points earned")


def success(results):
    """For each exercise: how many have it right, partly, wrong, or not attempted."""
    head = ["Exercise", "right", "partly right", "wrong", "stopped", "not attempted yet"]
    found = defaultdict(Counter)
    for result in results:
        for name, score in result["exercises"].items():
            found[name][score["status"]] += 1
    return rows(head, [[name, *(n[status] for status in head[1:])] for name, n in found.items()])


def misconceptions(results):
    """A histogram of the mistakes that were recognised, and what each is about."""
    found = Counter(
        (name, score["misconception"])
        for result in results
        for name, score in result["exercises"].items()
        if score["misconception"]
    )
    if not found:
        return "<p>No mistake was recognised by name.</p>"
    says = {(e.id, m.id): m.says for e in exercises().values() for m in e.misconceptions}
    chart = bars([(f"{n}: {m}", count) for (n, m), count in found.most_common()], "Misconceptions")
    table = rows(
        ["Exercise", "Misconception", "How many", "What its learners are told"],
        [[n, m, count, says.get((n, m), "")] for (n, m), count in found.most_common()],
    )
    return f"{chart}\n{table}"


def bars(counts, title):
    """A picture of counts, one bar for each label."""
    most, height = max([1, *(count for _, count in counts)]), 22
    drawn = []
    for i, (label, count) in enumerate(counts):
        y, width = i * height, 300 * count / most
        drawn.append(
            f'<text x="316" y="{y + 15}" text-anchor="end">{text(label[:48])}</text>'
            f'<rect x="324" y="{y + 3}" width="{width:.1f}" height="16" fill="#2f6fb0"/>'
            f'<text x="{330 + width:.1f}" y="{y + 15}">{count}</text>'
        )
    return (
        f'<svg role="img" viewBox="0 0 680 {height * len(counts)}" width="680" '
        f'font-size="12" fill="currentColor"><title>{text(title)}</title>{"".join(drawn)}</svg>'
    )


def to_look_at(results):
    """Whose submission a person should open, and why."""
    lines = []
    for result in results:
        why = [f"{result['status']}: {result['why']}"] if result["status"] != "ok" else []
        if why or result["looks"]:
            reasons = "; ".join(why + result["looks"])
            lines.append([result["learner"], "/".join(result["place"]), reasons])
    return rows(["Learner", "File", "Why"], lines) if lines else "<p>Nobody.</p>"
