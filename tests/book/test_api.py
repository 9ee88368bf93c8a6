"""The reference: everything that is exported is in it, as the code has it, and every link leads somewhere."""

import importlib
import inspect
import re
import sys
from pathlib import Path

import pytest

import ssagan_lite

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "book" / "_ext"))

import api_page  # noqa: E402

PAGE = (ROOT / "book" / "api.md").read_text("utf-8")
MODULES = re.findall(r"^```\{api-module\} ([\w.]+)$", PAGE, flags=re.MULTILINE)


def test_every_exported_name_is_on_the_page():
    links = [link for link, _ in api_page.public_names()]
    modules = [f"{ssagan_lite.__name__}.{module}" for module in MODULES]
    for name in set(ssagan_lite.__all__) - set(ssagan_lite._ROOMS):
        (link,) = (link for link in links if link.startswith(f"{{py:obj}}`{name} <"))
        home, _, last = re.search(r"<(.+)>", link)[1].rpartition(".")
        assert last == name
        assert home in modules
    assert all(said for _, said in api_page.public_names())


def test_every_room_but_the_command_is_on_the_page():
    rooms = {folder.name for folder in (ROOT / "ssagan_lite").iterdir() if (folder / "__init__.py").exists()}
    headings = set(re.findall(r"^## (\w+)$", PAGE, flags=re.MULTILINE))
    assert headings == rooms - {"cli"} | {"errors"}
    assert {module.split(".")[0] for module in MODULES} == headings
    assert len(MODULES) == len(set(MODULES))


@pytest.mark.parametrize("module", MODULES)
def test_each_module_is_told_as_it_is(module):
    """The files are parsed; here they are imported, and Python itself says what is in them."""
    home = importlib.import_module(f"ssagan_lite.{module}")
    there = {
        name: thing
        for name, thing in vars(home).items()
        if (inspect.isfunction(thing) or inspect.isclass(thing)) and thing.__module__ == home.__name__
        if not name.startswith("_") and thing.__doc__
    }
    told = {entry.name: entry for entry in api_page.entries(module) if entry.kind in ("function", "class")}
    assert told.keys() == there.keys()
    for name, thing in there.items():
        assert inspect.cleandoc(thing.__doc__).splitlines()[0][:60] in told[name].text
        if inspect.isfunction(thing):
            shown = re.findall(r"[(,]\s*\*?(\w+)(?=[:,=)])", re.sub(r"\[.*?\]+", "", told[name].signature))
            assert [n for n in shown if n in inspect.signature(thing).parameters][:3] == list(
                inspect.signature(thing).parameters
            )[: min(3, len(shown))]


def test_methods_lose_self_and_types_lose_their_quotes():
    classes = {entry.name: entry for entry in api_page.entries("model.attention")}
    forward = next(entry for entry in classes["SpatialSelfAttention"].inside if entry.name == "forward")
    assert forward.signature.startswith("forward(x: Tensor, return_attention: bool=False) -> Tensor")
    assert next(e for e in api_page.entries("data.images") if e.name == "as_rgb").signature.startswith(
        "as_rgb(array: np.ndarray | Image.Image"
    )
    fields = {
        e.name: e for e in next(e for e in api_page.entries("model.generator") if e.name == "GeneratorConfig").inside
    }
    assert fields["skip"].options == (""":type: "Literal['concat', 'add']\"""", """:value: "'concat'\"""")


def test_examples_and_drawings_become_code():
    text = "What it is.\n\n    a --> b\n\n    b --> c\n\nMore.\n\n>>> 1 + 1\n2\n\nEnd."
    assert api_page.markdown(text) == (
        "What it is.\n\n```text\na --> b\n\nb --> c\n```\n\nMore.\n\n```pycon\n>>> 1 + 1\n2\n```\n\nEnd."
    )
    assert api_page.markdown(None) == ""


@pytest.mark.xdist_group("pages")  # where the book is built already
def test_the_built_page_holds_every_name_and_its_links_lead_somewhere(built_book):
    page = (built_book / "api.html").read_text("utf-8")
    for module in MODULES:
        for entry in api_page.entries(module):
            assert f'id="ssagan_lite.{module}.{entry.name}"' in page
    places = set(re.findall(r'id="([^"]+)"', page))
    assert set(re.findall(r'href="#(ssagan_lite[^"]+)"', page)) <= places
    assert 'href="#ssagan_lite.training.systems.System"' in page  # a type in a signature
    for source in set(re.findall(r'href="(_modules/[^"#]+)', page)):
        assert (built_book / source).exists()
