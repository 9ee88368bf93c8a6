"""Draws the house: the rooms of ssagan_lite, floor upon floor, as their imports put them. book/architecture.md.

    a room stands one floor above the highest room that it imports (who is imported by nobody stands at the top);
    an arrow that follows from others is left out; one that passes a floor has a shaft beside it;
    the coloured line is a photo's way in, down to the model, and out as a clip

Run by hand: `python tools/draw_house.py` writes book/_static/house.svg; a test says when that is due. The picture
takes its colours from the page (`--pst-color-*` of the theme), and has its own where it stands alone.
"""

import ast
import sys
from html import escape
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "ssagan_lite"
PICTURE = ROOT / "book" / "_static" / "house.svg"
FOR_ALL = "errors"  # every room may import it, so no arrow is drawn
ROOMS = {  # from left to right on a floor; what each is for
    "cli": "the ssagan command",
    "teach": "for the book alone",
    "reproduction": "the paper's tables made again",
    "inference": "predict, weights that ship, ONNX",
    "baselines": "what SSA-GAN is compared with",
    "beyond": "a generator that is told the wind",
    "training": "presets, losses, systems, the loop",
    "data": "the clips",
    "model": "the networks",
    "evaluation": "the scores",
}
# A photo's way, which a test holds against the code: stops on the way in, below the house, and on the way out.
WAY_IN, BELOW, WAY_OUT = ("cli", "inference"), ("data", "model"), ("inference",)

WIDTH, LEFT, RIGHT = 440, 50, 390  # of the picture, and of the walls
TALL, APART, ROOF = 66, 26, 94  # a floor, what lies between two, and what lies above the first
INSIDE, SHAFT = 10, 28  # from the walls to the rooms, and what is left free beside a floor that an arrow passes
STYLE = """
  .house { display: block; width: 100%; max-width: 36rem; height: auto; margin: 1.5rem auto; }
  .house { font-family: system-ui, sans-serif; color: var(--pst-color-text-base, #1b1f24); }
  .house text { fill: currentColor; }
  .house .name { font-size: 16px; font-weight: 650; }
  .house .for { font-size: 13px; }
  .house .uses { font-size: 12px; fill: var(--pst-color-text-muted, #57606a); }
  .house .room { fill: var(--pst-color-surface, #f4f6f8); stroke: var(--pst-color-text-muted, #57606a); }
  .house .wall { fill: none; stroke: var(--pst-color-text-muted, #57606a); stroke-width: 1.5; stroke-linejoin: round; }
  .house .arrow { fill: none; stroke: currentColor; stroke-width: 1.5; }
  .house .tip { fill: currentColor; }
  .house .way { fill: none; stroke: var(--house-way, #0b62b0); stroke-width: 3; stroke-linejoin: round; }
  .house .stop { fill: var(--pst-color-background, #ffffff); stroke: var(--house-way, #0b62b0); stroke-width: 2.5; }
  .house .along { font-size: 12.5px; fill: var(--house-way, #0b62b0); font-weight: 600; }
  .house .picture { fill: var(--pst-color-background, #ffffff); stroke: var(--house-way, #0b62b0); stroke-width: 2; }
  .house .filled { fill: var(--house-way, #0b62b0); }
  html[data-theme="dark"] .house { --house-way: #6cb6ff; }
  @media (prefers-color-scheme: dark) {
    svg.house:root { --pst-color-text-base: #e6e9ee; --pst-color-text-muted: #a9b2bd; --pst-color-surface: #22272e;
      --pst-color-background: #14181d; --house-way: #6cb6ff; background: #14181d; }
  }
"""


class Box(NamedTuple):
    """Where a room is drawn: its left upper corner and its width; all are TALL."""

    x: float
    y: float
    width: float

    @property
    def middle(self) -> float:
        return self.x + self.width / 2

    @property
    def right(self) -> float:
        return self.x + self.width


def imports(package: Path = PACKAGE) -> dict[str, set[str]]:
    """room -> the rooms that its files import, anywhere in them."""
    found = {folder.name: set() for folder in package.iterdir() if (folder / "__init__.py").exists()}
    for room in found:
        for file in (package / room).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                if isinstance(node, ast.ImportFrom) and node.module:
                    names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
                found[room] |= {part[1] for part in (name.split(".") for name in names) if part[0] == package.name
                                and len(part) > 1 and part[1] in found}  # fmt: skip
        found[room].discard(room)
    return found


def floors(arrows: dict[str, set[str]]) -> list[list[str]]:
    """The rooms by floor, the highest first; rooms that import nobody stand on the ground."""
    heights: dict[str, int] = {}
    while len(heights) < len(arrows):
        ready = [room for room, below in arrows.items() if room not in heights and below <= heights.keys()]
        if not ready:
            raise SystemExit(f"the arrows run in a circle among {', '.join(sorted(arrows.keys() - heights.keys()))}.")
        heights |= {room: max((heights[other] + 1 for other in arrows[room]), default=0) for room in ready}
    top = max(heights.values())
    # Who stands at the very top is imported by nobody, however low it could stand.
    heights |= {room: top for room in arrows if not any(room in below for below in arrows.values())}
    order = list(ROOMS)
    return [sorted((r for r in arrows if heights[r] == level), key=order.index) for level in range(top, -1, -1)]


def needed(arrows: dict[str, set[str]]) -> list[tuple[str, str]]:
    """The arrows that do not follow from others: a way of two arrows makes the straight one superfluous."""

    def reached(room: str) -> set[str]:
        return arrows[room].union(*(reached(other) for other in arrows[room]))

    return [
        (room, other)
        for room in ROOMS
        for other in sorted(arrows[room], key=list(ROOMS).index)
        if not any(other in reached(between) for between in arrows[room])
    ]


def passing(levels: list[list[str]], arrows: dict[str, set[str]]) -> dict[int, int]:
    """How many arrows pass a floor, by its number from the top."""
    number = {room: floor for floor, rooms in enumerate(levels) for room in rooms}
    passed = [floor for room, other in needed(arrows) for floor in range(number[room] + 1, number[other])]
    return {floor: passed.count(floor) for floor in set(passed)}


def boxes(levels: list[list[str]], passed: dict[int, int]) -> dict[str, Box]:
    """Where each room is drawn."""
    found = {}
    for floor, rooms in enumerate(levels):
        wide = RIGHT - LEFT - 2 * INSIDE - SHAFT * bool(passed.get(floor))
        each = (wide - INSIDE * (len(rooms) - 1)) / len(rooms)
        for place, room in enumerate(rooms):
            found[room] = Box(LEFT + INSIDE + place * (each + INSIDE), ROOF + floor * (TALL + APART), each)
    return found


def draw(arrows: dict[str, set[str]]) -> str:
    """The whole picture as SVG."""
    if arrows.keys() != ROOMS.keys():
        raise SystemExit(f"ROOMS does not tell of the same rooms: {', '.join(sorted(arrows.keys() ^ ROOMS.keys()))}.")
    levels = floors(arrows)
    placed = boxes(levels, passing(levels, arrows))
    ground = ROOF + len(levels) * (TALL + APART) - APART + 12
    parts = [walls(ground)]
    parts += [arrow(placed[room], placed[other]) for room, other in needed(arrows)]
    parts += [box(room, placed[room], said_of(arrows[room], below(room, levels))) for room in placed]
    parts += [way(placed, ground)]
    told = escape(spoken(levels, arrows))
    head = f'<svg class="house" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {ground + 50}" role="img"'
    return f'{head} aria-label="{told}">\n<style>{STYLE}</style>\n' + "\n".join(parts) + "\n</svg>\n"


def below(room: str, levels: list[list[str]]) -> list[str]:
    """The rooms on all lower floors, in the order of ROOMS."""
    floor = next(number for number, rooms in enumerate(levels) if room in rooms)
    return [other for rooms in levels[floor + 1 :] for other in rooms]


def said_of(uses: set[str], lower: list[str]) -> str:
    """What a room imports, in few words."""
    left = [room for room in lower if room not in uses]
    if not uses:
        return ""
    if len(uses) > 3 and len(left) < 3:
        return "imports all below" + (f" but {' and '.join(left)}" if left else "")
    return "imports " + ", ".join(room for room in lower if room in uses)


def walls(ground: float) -> str:
    middle = (LEFT + RIGHT) / 2
    roof = f"M{LEFT - 14} 72 L{middle} 14 L{RIGHT + 14} 72 Z"
    return (
        f'<path class="wall" d="{roof} M{LEFT} 72 V{ground} H{RIGHT} V72"/>'
        f'<text class="name" x="{middle}" y="60" text-anchor="middle">ssagan_lite</text>'
    )


def box(room: str, place: Box, uses: str) -> str:
    """A room: its name, what it is for, and, where there is space, what it imports."""
    lines = [("name", room), ("for", ROOMS[room])]
    if uses and place.width > 200:
        lines.append(("uses", uses))
    first = place.y + TALL / 2 - 9 * (len(lines) - 1) + 6
    texts = [
        f'<text class="{kind}" x="{place.middle:g}" y="{first + 17 * row:g}" text-anchor="middle">{escape(text)}</text>'
        for row, (kind, text) in enumerate(lines)
    ]
    frame = f'<rect class="room" x="{place.x:g}" y="{place.y:g}" width="{place.width:g}" height="{TALL}" rx="6"/>'
    return f'<g data-room="{room}">{frame}{"".join(texts)}</g>'


def arrow(above: Box, lower: Box) -> str:
    """From the floor of one room to the ceiling of another, upright; in the shaft where it passes a floor."""
    x = (max(above.x, lower.x) + min(above.right, lower.right)) / 2
    start, end = above.y + TALL, lower.y
    if end - start > APART:
        x = RIGHT - INSIDE - SHAFT / 2 + 3
    return (
        f'<path class="arrow" d="M{x:g} {start:g} V{end - 7:g}"/>'
        f'<path class="tip" d="M{x - 5:g} {end - 9:g} h10 l-5 8 Z"/>'
    )


def way(placed: dict[str, Box], ground: float) -> str:
    """The line of the photo, its stops, and the two pictures at its ends."""
    left, right, low = 24, WIDTH - 24, ground + 20
    level = {room: box.y + TALL / 2 for room, box in placed.items()}
    begin, end = level[WAY_IN[0]] - 23, level[WAY_OUT[-1]] - 30
    ways = [(placed[room].x, level[room], f"M{left} {level[room]:g} H{placed[room].x:g}") for room in WAY_IN]
    ways += [(box.middle, box.y + TALL, f"M{box.middle:g} {low:g} V{box.y + TALL:g}") for box in map(placed.get, BELOW)]
    ways += [(placed[room].right, level[room], f"M{right} {level[room]:g} H{placed[room].right:g}") for room in WAY_OUT]
    lines = [f"M{left} {begin:g} V{low:g} H{right} V{end:g}", *(line for _, _, line in ways)]
    model = placed[BELOW[-1]].middle
    labels = ((left + model) / 2, "photo (1, 3, H, W)"), ((model + right) / 2, "clip (1, 3, T, H, W)")
    return "".join(
        [
            f'<path class="way" d="{" ".join(lines)}"/>',
            *(f'<circle class="stop" cx="{x:g}" cy="{y:g}" r="5"/>' for x, y, _ in ways),
            *(
                f'<text class="along" x="{x:g}" y="{low + 19:g}" text-anchor="middle">{text}</text>'
                for x, text in labels
            ),
            photo(left, begin - 20),
            clip(right, end - 20),
        ]
    )


def photo(x: float, y: float) -> str:
    """A photo of a sky: sun and hills."""
    return (
        f'<g transform="translate({x:g} {y:g})"><rect class="picture" x="-19" y="-15" width="38" height="34" rx="3"/>'
        '<circle class="filled" cx="8" cy="-5" r="4"/><path class="filled" d="M-16 16 L-6 2 L2 11 L8 5 L16 16 Z"/>'
        '<text class="along" y="-22" text-anchor="middle">photo</text></g>'
    )


def clip(x: float, y: float) -> str:
    """Three frames of it, one behind the other."""
    frames = "".join(
        f'<rect class="picture" x="{-19 + shift}" y="{-15 - shift}" width="30" height="34" rx="3"/>'
        for shift in (8, 4, 0)
    )
    return (
        f'<g transform="translate({x:g} {y:g})">{frames}<path class="filled" d="M-10 -7 L4 2 L-10 11 Z"/>'
        '<text class="along" y="-30" text-anchor="middle">clip</text></g>'
    )


def spoken(levels: list[list[str]], arrows: dict[str, set[str]]) -> str:
    """The picture in words, for those who do not see it."""
    told = [f"{' and '.join(rooms)} above" for rooms in levels[:-1]] + [", ".join(levels[-1]) + " on the ground"]
    uses = "; ".join(f"{room} imports {', '.join(sorted(arrows[room]))}" for room in ROOMS if arrows[room])
    flow = " to ".join([*WAY_IN, *BELOW, *WAY_OUT])
    return f"The package as a house, from the top: {', '.join(told)}. {uses}. A photo goes to {flow} and out as a clip."


def main() -> int:
    PICTURE.write_text(draw(imports()), "utf-8")
    print(f"{PICTURE.relative_to(ROOT)}: {len(ROOMS)} rooms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
