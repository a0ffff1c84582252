"""What a data set holds, as text on a terminal."""

from rich.table import Table

from batchdigits.cli.commands.explore.overview import DatasetOverview


def build_counts_table(overview: DatasetOverview) -> Table:
    """Build a table of how many images there are of each digit, one column per part."""
    table = Table()
    for column in ("digit", *overview.parts):
        table.add_column(column, justify="right")
    counts = [overview.count_digits(part_name) for part_name in overview.parts]
    for digit in range(10):
        table.add_row(str(digit), *(f"{part_counts[digit]:,}" for part_counts in counts))
    table.add_section()
    table.add_row("all", *(f"{sum(part_counts):,}" for part_counts in counts))
    return table


def format_sizes(overview: DatasetOverview) -> str:
    """Write a sentence on how large the images are."""
    sizes = overview.count_sizes()
    (width, height), count = sizes[0]
    if len(sizes) == 1:
        return f"All images are {width} x {height} pixels."
    widths, heights = zip(*(size for size, _ in sizes), strict=True)
    return (
        f"Images are {min(widths)} to {max(widths)} pixels wide and {min(heights)} to "
        f"{max(heights)} high, most often {width} x {height} ({count:,} time{'s' * (count != 1)})."
    )
