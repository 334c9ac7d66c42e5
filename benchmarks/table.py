"""The results as text."""

PREFIXES = ((1, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"))


def print_table(result):
    """Print one experiment: what was measured, the ratio with its quartiles, the target beside."""
    cells = [headings(result), *map(cells_of, result.rows)]
    columns = [column for column in zip(*cells, strict=True) if any(column[1:])]
    widths = [max(map(len, column)) for column in columns]
    print(f"\n{result.name}: {result.title}")
    for line in zip(*columns, strict=True):
        print("  " + "  ".join(map(str.ljust, line, widths)).rstrip())


def headings(result):
    return "", result.sizes, "measured", result.ratios, "quartiles", "target", ""


def cells_of(row):
    size = f"{row.size:,}" if row.size else ""
    if row.value is None:
        return row.who, size, row.note, "", "", str(row.target or ""), row.verdict
    low, middle, high = (f"{r:.3g}" for r in row.ratio) if row.ratio else ("", "", "")
    spread = f"{low} – {high}" if low != high else ""
    measured = quantity(row.value, row.unit)
    return row.who, size, measured, middle, spread, str(row.target or ""), row.verdict


def quantity(value, unit):
    """A number with its unit, such as 12.3 µs/step or 1,000 bytes."""
    if not unit.startswith("s/"):
        return f"{value:,.0f} {unit}"
    scale, prefix = next((p for p in PREFIXES if value >= p[0]), PREFIXES[-1])
    return f"{value / scale:.3g} {prefix}{unit}"
