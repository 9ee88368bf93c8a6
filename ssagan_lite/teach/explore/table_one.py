"""Table 1, filled in by the reader."""

from matplotlib.figure import Figure as Canvas

from ssagan_lite.errors import InputError
from ssagan_lite.model.generator import TABLE_1
from ssagan_lite.teach import stills
from ssagan_lite.teach.bundle import Figure, component
from ssagan_lite.teach.frames import static_image

SIZES, WIDTHS, SKIPS = (128, 64, 32), (32, 16, 8, 4), ("concat", "add", "none")


def table_one_calculator(*, title, alt, size=128, width=32, skip="concat", attention=True, note=""):
    """Table 1 row by row: the reader types each row's output (T, H, W) and parameters, then the row is shown.

    size: 128, 64 or 32 pixels a side to begin with. width: filters of the first row, 32, 16, 8 or 4. skip: "concat",
    "add" or "none". attention: whether attention follows the rows. Usual mistakes are answered in words; any row can
    be shown without an answer. At the end it holds what `model.generator.Generator` holds. Raises InputError for a
    choice it has no button for. Table 1 and Fig. 3 of the paper; Chapter 05.
    """
    for name, value, possible in (("size", size, SIZES), ("width", width, WIDTHS), ("skip", skip, SKIPS)):
        if value not in possible:
            raise InputError(f"the table has no {name} {value!r}; choose one of {', '.join(map(str, possible))}.")
    data = {
        "rows": [
            {
                "name": row.name,
                "filters": row.filters,
                "kernel": row.kernel,
                "stride": row.stride,
                "padding": row.padding,
            }
            for row in TABLE_1
        ],
        "sizes": SIZES,
        "widths": WIDTHS,
        "skips": SKIPS,
        "start": {"size": size, "width": width, "skip": skip, "attention": bool(attention)},
    }
    still = _worksheet(title)
    html = component("table_one", data, title=title, static=static_image(still, alt), note=note, label=alt)
    return Figure(html, still, alt)


def _worksheet(title):
    """Table 1 on paper, with room for what the reader works out."""
    head = ["layer", "filters", "kernel", "stride", "padding", "output (T, H, W)", "parameters"]
    canvas = Canvas(figsize=(7.6, 4.1), layout="constrained")
    axis = canvas.subplots()
    axis.set_axis_off()
    axis.set_title(title, fontsize=10, color=stills.INK)
    cells = [[row.name, row.filters, *map(_triple, (row.kernel, row.stride, row.padding)), "", ""] for row in TABLE_1]
    table = axis.table(
        cells, colLabels=head, loc="center", cellLoc="center", colWidths=[0.1] * 2 + [0.11] * 3 + [0.2] * 2
    )
    table.auto_set_font_size(False)
    table.set_fontsize(9)
    table.scale(1, 1.35)
    return stills.finish(canvas)


def _triple(numbers):
    return ", ".join(map(str, numbers))
