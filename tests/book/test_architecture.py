"""The page about the house: its picture is up to date, and its lists are what the code does."""

import ast
import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import matplotlib.figure  # noqa: F401 (imported now, and not while calls are noted, which takes ten times as long)
import numpy as np
import pytest
from PIL import Image

import ssagan_lite.training.fit  # noqa: F401
from ssagan_lite import cli
from ssagan_lite.baselines.registry import recipe, untrained
from ssagan_lite.inference.released import save_weights
from ssagan_lite.training.config import preset

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "ssagan_lite"
sys.path.insert(0, str(ROOT / "tools"))

import draw_house  # noqa: E402

PAGE = (ROOT / "book" / "architecture.md").read_text("utf-8")
PLACE = re.compile(r"`([\w/]+\.py):([\w.]+)`")
ARROWS = draw_house.imports()


def section(title: str) -> str:
    return PAGE.split(f"## {title}\n")[1].split("\n## ")[0]


def test_the_picture_is_up_to_date():
    drawn = draw_house.draw(ARROWS)
    assert draw_house.PICTURE.read_text("utf-8") == drawn, "run python tools/draw_house.py"


def test_the_picture_shows_every_room_once_and_says_so_in_words():
    picture = ElementTree.fromstring(draw_house.PICTURE.read_text("utf-8"))
    assert [room for room in picture.iter() if room.get("data-room") in ARROWS]
    assert sorted(room.get("data-room") for room in picture.iter() if room.get("data-room")) == sorted(ARROWS)
    assert picture.get("role") == "img"
    assert all(room in picture.get("aria-label") for room in ARROWS)


def test_arrows_point_down_and_none_that_is_needed_is_missing():
    levels = draw_house.floors(ARROWS)
    floor = {room: number for number, rooms in enumerate(levels) for room in rooms}
    drawn = draw_house.needed(ARROWS)
    assert all(floor[room] < floor[other] for room, other in drawn)

    def reached(room: str) -> set[str]:
        return set().union(*({other} | reached(other) for above, other in drawn if above == room))

    for room, imported in ARROWS.items():
        assert imported <= reached(room), room
        lower = draw_house.below(room, levels)
        told = draw_house.said_of(imported, lower)
        named = {other for other in lower if other in re.findall(r"\w+", told)}
        assert (set(lower) - named if "all below" in told else named) == imported


def test_a_circle_is_no_house():
    with pytest.raises(SystemExit, match="circle among"):
        draw_house.floors({"cli": {"model"}, "model": {"cli"}})


def test_the_photos_way_in_the_picture_goes_through_these_rooms():
    rooms = {file.split("/")[0] for file, _ in PLACE.findall(section("One photo's way through the code"))}
    assert {*draw_house.WAY_IN, *draw_house.BELOW, *draw_house.WAY_OUT} <= rooms


def test_one_paragraph_a_room():
    told = re.findall(r"^\*\*`(\w+)`\*\*", section("The rooms"), flags=re.MULTILINE)
    assert sorted(told) == sorted(ARROWS)


@pytest.mark.parametrize(("file", "name"), sorted(set(PLACE.findall(PAGE))))
def test_every_place_exists(file, name):
    body = ast.parse((PACKAGE / file).read_text("utf-8")).body
    for part in name.split("."):
        (node,) = (node for node in body if getattr(node, "name", "") == part)
        body = node.body


def first_calls(arguments: list[str]) -> list[tuple[str, str]]:
    """Run a command; the functions of the package that it called, in the order of their first calls."""
    seen: dict[tuple[str, str], None] = {}

    def note(frame, event, _):
        code = frame.f_code
        if event == "call" and code.co_filename.startswith(str(PACKAGE)):
            seen.setdefault((Path(code.co_filename).relative_to(PACKAGE).as_posix(), code.co_qualname))

    sys.setprofile(note)
    try:
        status = cli.main(arguments)
    finally:
        sys.setprofile(None)
    assert status == 0
    return list(seen)


def assert_in_this_order(places: list[tuple[str, str]], called: list[tuple[str, str]]) -> None:
    listed = list(dict.fromkeys(places))
    assert [place for place in called if place in listed] == listed


def test_a_photo_goes_this_way(tmp_path, capsys):
    wind = untrained(recipe("wind", preset("smoke"))).generator
    save_weights(wind, tmp_path / "model")
    Image.fromarray(np.zeros((12, 16, 3), np.uint8)).save(tmp_path / "photo.png")
    options = ["--checkpoint", str(tmp_path / "model"), "--out", str(tmp_path / "sky.gif"), "--size", "32"]
    called = first_calls(["predict", str(tmp_path / "photo.png"), *options])
    assert_in_this_order(PLACE.findall(section("One photo's way through the code")), called)


def test_a_training_step_goes_this_way(tmp_path, capsys):
    options = ["--steps", "1", "--clips", "4", "--batch", "2", "--device", "cpu", "--out", str(tmp_path / "run")]
    called = first_calls(["train", "--preset", "smoke", *options])
    assert_in_this_order(PLACE.findall(section("One training step's way")), called)
