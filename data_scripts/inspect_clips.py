"""Inspect a packed set before training on it, and see some of its clips on a page that needs no network.

python data_scripts/inspect_clips.py data/skies-32 --out report.html
ssagan train --preset smoke --size 32 --data data/skies-32 --out runs/skies
"""

import base64
import html
import io
from pathlib import Path
from string import Template
from typing import Annotated

import numpy as np
from PIL import Image
from tyro.conf import Positional, arg

from ssagan_lite.cli.options import run_script
from ssagan_lite.data.clips import ClipDataset
from ssagan_lite.data.inspection import (
    InspectedClip,
    Inspection,
    evenly_spaced,
    histogram,
    inspect,
    printable,
    report_lines,
)
from ssagan_lite.data.paths import expand
from ssagan_lite.data.staging import check_free, staged

CARDS = 40  # clips on the contact sheet
THUMBNAIL = 128  # longest side of a picture in pixels: 120 of them stay below 3 MB, even of noise


def main(
    data: Annotated[Positional[Path], arg(metavar="DATA")],
    out: Path | None = None,
    count: int | None = None,
    force: bool = False,
) -> None:
    """Inspect a packed set and print what was found.

    Args:
        data: the packed set, a folder with a clips.json.
        out: an HTML page to write, with a contact sheet and the histograms.
        count: inspect only so many clips, evenly spaced.
        force: replace a page that is already there.
    """
    if out is not None:
        out = expand(out)
        check_free(out, force=force)  # now, and not after an hour of reading
    dataset = ClipDataset(data, split=None)
    inspection = inspect(dataset, count)
    print("\n".join(report_lines(inspection)))
    if out is not None:
        with staged(out, force=force) as temporary:
            temporary.write_text(page(inspection, dataset), encoding="utf-8")
        print(f"page: {out}")


def page(inspection: Inspection, dataset: ClipDataset) -> str:
    """The report as one HTML page, with up to CARDS of the inspected clips, evenly spaced."""
    clips = [inspection.clips[place] for place in evenly_spaced(len(inspection.clips), CARDS)]
    lines = report_lines(inspection)
    warnings = [line for line in lines if line.startswith("warning:")]
    return PAGE.substitute(
        title=escape(inspection.path.name or str(inspection.path)),
        summary=escape(lines[0]),
        warnings="\n".join(f'<p class="warning">{escape(line)}</p>' for line in warnings),
        motion=chart("Motion: mean absolute difference of consecutive frames", *histogram_of(inspection, "motion")),
        brightness=chart("Brightness: mean of all pixels and frames", *histogram_of(inspection, "brightness", 255)),
        report="\n".join(map(escape, lines)),
        count=f"{len(clips):,} of {inspection.total:,} clips",
        cards="\n".join(card(clip, dataset[clip.index]) for clip in clips),
    )


def escape(text: str) -> str:
    """One line of text for the page: names come from files and may hold anything."""
    return html.escape(printable(text))


def histogram_of(inspection: Inspection, field: str, highest: float | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Counts (BINS,) and edges (BINS + 1,) of one field of the inspected clips."""
    return histogram((getattr(clip, field) for clip in inspection.clips), highest)


def chart(title: str, counts: np.ndarray, edges: np.ndarray) -> str:
    """A histogram as SVG, whose colours follow the page: bars with their counts above and their edges below."""
    width, height = 320 / len(counts), 120
    parts = []
    for place, count in enumerate(counts.tolist()):
        tall, left = height * count / counts.max(), 10 + place * width
        parts.append(
            f'<rect x="{left + 1:.1f}" y="{18 + height - tall:.1f}" width="{width - 2:.1f}" height="{tall:.1f}"/>'
        )
        parts.append(f'<text x="{left + width / 2:.1f}" y="{13 + height - tall:.1f}">{count:,}</text>')
    for place, edge in enumerate(edges):
        parts.append(f'<text x="{10 + place * width:.1f}" y="{height + 34}">{edge:.3g}</text>')
    spoken = ", ".join(
        f"{low:.3g} to {high:.3g}: {n:,}" for n, low, high in zip(counts, edges, edges[1:], strict=False)
    )
    return CHART.substitute(title=escape(title), spoken=escape(spoken), bars="\n".join(parts))


def card(clip: InspectedClip, frames: np.ndarray) -> str:
    """One clip, uint8 (T, H, W, 3), as its first, middle and last frame with its name, split and motion."""
    source = escape(clip.source)
    chosen = {"first": 0, "middle": len(frames) // 2, "last": len(frames) - 1}
    pictures = [
        f'<img src="{jpeg_address(frames[place])}" alt="{name} frame of clip {clip.index}, {source}">'
        for name, place in chosen.items()
    ]
    facts = f"clip {clip.index}, {escape(clip.split)}, motion {clip.motion:.2f}"
    return CARD.substitute(pictures="".join(pictures), source=source, facts=facts)


def jpeg_address(frame: np.ndarray) -> str:
    """One frame, uint8 (H, W, 3), as an address that holds the picture; only large frames are made smaller."""
    picture, file = Image.fromarray(frame), io.BytesIO()
    picture.thumbnail((THUMBNAIL, THUMBNAIL))
    picture.save(file, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()


CARD = Template("""\
<figure><div class="frames">$pictures</div>
<figcaption><b>$source</b><br>$facts</figcaption></figure>""")

CHART = Template("""\
<figure class="chart"><figcaption>$title, in grey levels</figcaption>
<svg viewBox="0 0 340 160" role="img" aria-label="$title, in grey levels. Clips by range: $spoken">
$bars
</svg></figure>""")

PAGE = Template("""\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title, inspected</title>
<style>
:root {
  color-scheme: light dark;
  --ink: #1b1f24; --soft: #57606a; --page: #ffffff; --panel: #f4f6f8; --line: #c9d1d9;
  --bar: #0b62b0; --wrong: #b35900;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e6e9ee; --soft: #a9b2bd; --page: #14181d; --panel: #22272e; --line: #434b55;
    --bar: #6cb6ff; --wrong: #ffb057;
  }
}
body {
  max-width: 70rem; margin: 0 auto; padding: 1rem; box-sizing: border-box;
  color: var(--ink); background: var(--page); font: 1rem/1.45 system-ui, sans-serif; overflow-wrap: anywhere;
}
h1 { font-size: 1.4rem; }
h2 { font-size: 1.1rem; margin-top: 2rem; }
pre { padding: 0.75rem; background: var(--panel); font-size: 0.8rem; white-space: pre-wrap; }
figure { margin: 0; }
figcaption { font-size: 0.85rem; color: var(--soft); }
.warning { border-left: 4px solid var(--wrong); padding-left: 0.6rem; color: var(--wrong); }
.charts, .cards { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(min(20rem, 100%), 1fr)); }
.charts { align-items: end; }
.chart svg { width: 100%; max-width: 30rem; }
svg rect { fill: var(--bar); }
svg text { fill: var(--ink); font-size: 10px; text-anchor: middle; }
.cards > figure { padding: 0.5rem; border: 1px solid var(--line); border-radius: 6px; }
.cards b { color: var(--ink); }
.frames { display: grid; grid-template-columns: repeat(3, 1fr); gap: 2px; }
.frames img { width: 100%; display: block; }
</style>
</head>
<body>
<h1>$title</h1>
<p>$summary</p>
$warnings
<h2>Histograms</h2>
<div class="charts">
$motion
$brightness
</div>
<h2>Contact sheet: $count, evenly spaced</h2>
<p>First, middle and last frame of each. Motion is the mean absolute difference of consecutive frames, in grey levels
from 0 to 255.</p>
<div class="cards">
$cards
</div>
<h2>Report</h2>
<pre>$report</pre>
</body>
</html>
""")

if __name__ == "__main__":
    run_script(main, __doc__)
