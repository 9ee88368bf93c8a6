"""The live page: what it is built from, and what a reader does with it, in a browser that reaches this machine only."""

import base64
import io
import json
import re
import shutil
import struct
import sys
import time
from copy import deepcopy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image

from browser import Browser, find_chromium
from ssagan_lite.beyond.wind import WindConfig, WindGenerator
from ssagan_lite.data.clips import to_float
from ssagan_lite.data.images import resize_image
from ssagan_lite.data.synthetic import synthetic_clips
from ssagan_lite.inference.exportable import attended
from ssagan_lite.inference.predict import predict
from ssagan_lite.inference.pretrained import load_generator
from ssagan_lite.model.generator import Generator, GeneratorConfig
from static_server import Server

ROOT = Path(__file__).resolve().parents[2]
SOURCE, TOOLS = ROOT / "book" / "_live", ROOT / "tools" / "live"
sys.path.insert(0, str(ROOT / "book" / "_ext"))
import live_page  # noqa: E402

pytestmark = pytest.mark.xdist_group("live")
needs_browser = pytest.mark.skipif(find_chromium() is None, reason="Chromium is not installed; .ci/run installs it")
LIVE = "document.querySelector('figure[data-kind=live]').live"
DROP = """(() => {
  const bytes = Uint8Array.from(atob(%r), (letter) => letter.charCodeAt(0)), data = new DataTransfer();
  data.items.add(new File([bytes], %r));
  const event = new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true });
  document.querySelector('.live-screen').dispatchEvent(event);
})()"""
TAP = """(() => {
  const screen = document.querySelector('.live-screen'), box = screen.querySelector('canvas').getBoundingClientRect();
  screen.dispatchEvent(new MouseEvent('click', { clientX: box.x + %f * box.width, clientY: box.y + %f * box.height }));
})()"""


def write_page(folder: Path) -> None:
    """The live page alone, without the rest of the book: its HTML as book/live.md has it."""
    html = (ROOT / "book" / "live.md").read_text("utf-8").split("```{raw} html\n")[1].split("```")[0]
    (folder / "live.html").write_text(
        f'<!doctype html><meta charset=utf-8><link rel=icon href="data:,">{html}', "utf-8"
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """What a build lays down for the page; skips where this machine lacks the runtime or the model."""
    if not live_page.describe_runtime()["local"]:
        pytest.skip("onnxruntime-web is not installed; make live fetches it")
    folder = tmp_path_factory.mktemp("live")
    live_page.fill(SimpleNamespace(builder=SimpleNamespace(format="html"), outdir=str(folder)), None)
    write_page(folder)
    if not (folder / "_static" / "live" / "model.onnx").exists():
        pytest.skip("the model's file cannot be made; install the extra export")
    return folder


@pytest.fixture(scope="module")
def browser():
    if find_chromium() is None:
        pytest.skip("Chromium is not installed; .ci/run installs it")
    with Browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def server(site):
    return Server(site)


@pytest.fixture(scope="module")
def opened(browser, server):
    with browser.page(server.url("live.html")) as page:
        assert wait_for_state(page) == "live", page.console
        yield page


@pytest.fixture
def page(opened):
    """The page as the tests before have left it, as a reader would find it after some play."""
    yield opened
    assert opened.console == []


def state(page, name):
    return page.evaluate(f"document.querySelector('figure').dataset.{name}")


def wait_for_state(page, seconds=60):
    assert page.wait("'ready' in document.querySelector('figure').dataset", seconds), page.console
    return state(page, "state")


def runs(page):
    return int(state(page, "runs"))


def wait_for_clip(page, before):
    """Until a clip has come since, and none is on its way: one that was asked for earlier may be the first to come."""
    done = f"Number(document.querySelector('figure').dataset.runs) > {before} && !{LIVE}.state.busy"
    assert page.wait(done, 20), page.console


def drop(page, data: bytes, name: str):
    page.evaluate(DROP % (base64.b64encode(data).decode(), name))


def picture(kind="PNG", width=200, height=120, **options) -> bytes:
    """A procedural sky of another shape, as a file."""
    sky = synthetic_clips(1, 128, 2, 3, noise=False).frames[0][0]
    out = io.BytesIO()
    Image.fromarray(sky).resize((width, height), Image.Resampling.BICUBIC).save(out, kind, **options)
    return out.getvalue()


def drop_picture(page, *args, **options) -> np.ndarray:
    before = runs(page)
    data = picture(*args, **options)
    drop(page, data, "my sky.png")
    wait_for_clip(page, before)
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def floats(page, expression) -> np.ndarray:
    text = f"(a => btoa(Array.from(new Uint8Array(a.buffer), (b) => String.fromCharCode(b)).join('')))({expression})"
    return np.frombuffer(base64.b64decode(page.evaluate(text)), np.float32)


def clip_of(page) -> np.ndarray:
    return floats(page, f"Float32Array.from({LIVE}.state.run.clip)")


def press(page, text):
    page.evaluate(f"[...document.querySelectorAll('figure button')].find((b) => b.textContent === {text!r}).click()")


def refusal(page):
    assert page.wait("document.querySelector('.live-refusal').textContent", 5)
    return page.evaluate("document.querySelector('.live-refusal').textContent")


def give_model(generator, folder: Path) -> None:
    """Lay this generator's file and facts beside the page, in place of the model that ships."""
    for name in live_page.NEEDED:
        pytest.importorskip(name, reason="needs the extra export")
    from ssagan_lite.inference.export import export

    file = folder / "model.onnx"
    about = export(generator, file, name="another", force=True) | {"sha256": live_page.hash_of(file)}
    (folder / "model.json").write_text(json.dumps(about), "utf-8")


# What the page is built from.


def test_the_engine_still_asks_for_its_memory_in_the_words_that_are_replaced():
    if not live_page.DIST.is_dir():
        pytest.skip("onnxruntime-web is not installed; make live fetches it")
    asked = re.search(r'MEMORY = "(.+?)"', (SOURCE / "worker.js").read_text("utf-8"))[1]
    assert (live_page.DIST / "ort-wasm-simd-threaded.mjs").read_text("utf-8").count(asked) == 1


def test_the_runtime_is_pinned_in_one_version():
    wanted = json.loads((TOOLS / "package.json").read_text("utf-8"))["dependencies"]["onnxruntime-web"]
    lock = json.loads((TOOLS / "package-lock.json").read_text("utf-8"))
    package = lock["packages"]["node_modules/onnxruntime-web"]
    assert wanted == package["version"] == live_page.describe_runtime()["version"]
    assert wanted in live_page.describe_runtime()["cdn"]
    for name, entry in lock["packages"].items():
        assert not name or entry["integrity"].startswith("sha512-"), name
        assert "resolved" not in entry, f"{name} names a registry"


def test_the_runtime_that_npm_brings_is_the_pinned_one():
    if not live_page.DIST.is_dir():
        pytest.skip("onnxruntime-web is not installed; make live fetches it")
    assert live_page.describe_runtime()["local"]


def test_without_node_the_page_asks_the_cdn(tmp_path):
    about = live_page.describe_runtime(tmp_path)
    assert about["local"] is False
    assert about["cdn"].startswith("https://")
    (tmp_path / "ort.wasm.min.mjs").write_text("something else")
    assert live_page.describe_runtime(tmp_path)["local"] is False


def test_the_pictures_are_there_and_small():
    names = (SOURCE / "sources.js").read_text("utf-8").split("SKIES = [")[1].split("]")[0].count('"') // 2
    assert [f.name for f in sorted(SOURCE.glob("sky-*.webp"))] == [f"sky-{i + 1}.webp" for i in range(names)]
    assert (SOURCE / "recording.webp").stat().st_size <= 300_000
    with Image.open(SOURCE / "recording.webp") as recording:
        assert recording.n_frames == load_generator().config.frames


def test_a_build_without_the_model_says_so_and_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(live_page, "make_model", lambda cache: None)
    live_page.fill(SimpleNamespace(builder=SimpleNamespace(format="html"), outdir=str(tmp_path)), None)
    assert json.loads((tmp_path / "_static" / "live" / "model.json").read_text("utf-8")) is None


# What a reader does with it.


@needs_browser
def test_the_first_clip_comes_by_itself_and_the_second_visit_is_quick(browser, server):
    for visit in ("first", "second"):
        begun = time.monotonic()
        with browser.page(server.url("live.html")) as page:
            assert wait_for_state(page) == "live"
            seconds = time.monotonic() - begun
            print(f"{visit} visit: {seconds:.1f} s to the first picture, a clip in {state(page, 'ms')} ms")
            assert int(state(page, "ms")) < 3000  # the aim is 1 s on two idle cores
            assert page.overflow() <= 0
    assert seconds < 10  # the aim is 3 s


@needs_browser
def test_the_browser_computes_what_the_package_computes(page):
    photo = drop_picture(page)
    generator = load_generator()
    square = resize_image(photo, generator.config.size)
    first = to_float(torch.from_numpy(square)[None, None])[:, :, 0]
    given = floats(page, f"{LIVE}.state.run.photo.input").reshape(first.shape)
    assert np.abs(given - first.numpy()).max() < 1.01 * 2 / 255  # one level: the rounding of a half
    with torch.inference_mode():
        clip = generator.animate(torch.from_numpy(given.copy())).numpy()
    assert np.abs(clip_of(page) - clip.ravel()).max() < 2e-2  # weights in fp16


@needs_browser
def test_the_screen_shows_what_predict_writes(page):
    photo = drop_picture(page)
    shown = patch(page, 5, "false")
    written = predict(load_generator(), photo, size=640)[5, 100:140, 300:340]
    assert np.abs(shown - written.astype(int)).max() <= 3
    assert page.evaluate("(c => [c.width, c.height])(document.querySelector('.live-screen canvas'))") == [640, 384]


def patch(page, frame, detail) -> np.ndarray:
    """A square of the screen, 40 pixels a side, while it shows a frame."""
    page.evaluate("document.querySelector('input[aria-label=frame]').dispatchEvent(new Event('input'))")  # it stands
    page.evaluate(f"{LIVE}.screen.show({frame}, {detail})")
    raw = "[...document.querySelector('.live-screen canvas').getContext('2d').getImageData(300, 100, 40, 40).data]"
    return np.array(page.evaluate(raw)).reshape(40, 40, 4)[..., :3]


@needs_browser
def test_the_slider_multiplies_every_gamma(page):
    slide = "(s => { s.value = %s; s.dispatchEvent(new Event('input')); })(document.querySelector('.live-gamma input'))"
    as_trained = clip_of(page)
    before = runs(page)
    page.evaluate(slide % 0)
    wait_for_clip(page, before)
    assert state(page, "factor") == "0"
    assert "attention is off" in page.evaluate("document.querySelector('.live-gamma').textContent")
    assert np.abs(clip_of(page) - as_trained).max() > 0.02
    before = runs(page)
    press(page, "Back to 1")
    wait_for_clip(page, before)
    assert np.array_equal(clip_of(page), as_trained)


@needs_browser
def test_frames_are_scrubbed(page):
    slider = "document.querySelector('input[aria-label=frame]')"
    seek = f"(s => {{ s.value = %d; s.dispatchEvent(new Event('input')); }})({slider})"
    pixels = "[...document.querySelector('.live-screen canvas').getContext('2d').getImageData(0, 0, 640, 200).data]"
    page.evaluate(seek % 0)
    first = np.array(page.evaluate(pixels))
    page.evaluate(seek % (load_generator().config.frames - 1))
    last = np.array(page.evaluate(pixels))
    assert state(page, "playing") == "false"
    assert np.abs(first - last).mean() > 1


@needs_browser
def test_a_tap_shows_the_attention_of_that_place_and_arrows_walk(page):
    drop_picture(page)
    side = page.evaluate(f"Math.sqrt({LIVE}.model.places)")
    rows = floats(page, f"Float32Array.from({LIVE}.state.run.attention)").reshape(side**2, side**2)
    assert np.abs(rows.sum(1) - 1).max() < 1e-3
    page.evaluate(TAP % (0.3, 0.2))
    place = int(state(page, "place"))
    assert place == int(0.2 * side) * side + int(0.3 * side)
    assert lamp(page, side) == rows[place].argmax()
    page.evaluate("document.querySelector('.live-screen').focus()")
    page.key("ArrowDown")
    assert int(state(page, "place")) == place + side
    assert f"{side**2} places" in page.evaluate("document.querySelector('.live-readout').textContent")
    page.key("Escape")
    assert state(page, "place") == ""
    assert "Tap a place" in page.evaluate("document.querySelector('.live-readout').textContent")


def lamp(page, side) -> int:
    """The place that the overlay lights most."""
    middles = (
        "(v => { const d = v.getContext('2d').getImageData(0, 0, v.width, v.height).data, s = %d; return "
        "Array.from({length: s * s}, (_, i) => d[4 * (Math.floor((Math.floor(i / s) + 0.5) * v.height / s) * v.width"
        " + Math.floor((i %% s + 0.5) * v.width / s)) + 1]); })(document.querySelector('.live-veil'))"
    )
    return int(np.argmax(page.evaluate(middles % side)))


@needs_browser
def test_a_video_is_saved(page):
    press(page, "Save as video")
    assert page.wait("document.querySelector('figure').dataset.saved > 1000", 60), page.console
    assert state(page, "savedType") in ("video/webm", "video/mp4")


@needs_browser
def test_where_browsers_make_no_video_the_frames_are_saved(browser, server):
    with browser.page("about:blank") as page:
        page.call("Page.addScriptToEvaluateOnNewDocument", source="delete window.MediaRecorder")
        page.go(server.url("live.html"))
        wait_for_state(page)
        press(page, "Save the frames")
        assert page.wait("document.querySelector('figure').dataset.savedType === 'image/png'", 20)
        assert "one picture of all frames" in refusal(page)


def png_head(width, height) -> bytes:
    """A PNG that says how large it is, and holds nothing."""
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + head + b"\0\0\0\0" + b"\0\0\0\0IEND\xaeB`\x82"


BAD = [
    (b"Dear sky,\nhow are you?", "note.jpg", "is not a picture"),
    (b"", "empty.png", "is empty"),
    (picture("JPEG", 300, 200)[:4000], "cut.jpg", "is cut short"),
    (picture("PNG")[:-200], "cut.png", "is cut short"),
    (picture("WEBP")[:-200], "cut.webp", "is cut short"),
    (picture("PNG", 12, 40), "tiny.png", "too small for a sky"),
    (picture("PNG", 400, 20), "thin.png", "too long and thin"),
    (png_head(20_000, 20_000), "bomb.png", "400 megapixels"),
    (png_head(8_000, 6_501), "large.png", "53 megapixels, more than the 52"),
    (png_head(200, 200), "hollow.png", "is damaged"),
    (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "phone.heic", "HEIC"),
    (b"\0\0\0\x18ftypmp42\0\0\0\0isommp42", "clip.mp4", "is a video"),
    (picture("GIF"), "old.gif", "a kind that this page does not read"),
]


@needs_browser
def test_bad_files_get_a_sentence_and_the_clip_stays(page):
    before = runs(page)
    for data, name, words in BAD:
        drop(page, data, name)
        assert page.wait(f"document.querySelector('.live-refusal').textContent.includes({words!r})", 5), (
            f"{name}: {page.evaluate('document.querySelector(`.live-refusal`).textContent')}"
        )
        assert refusal(page).startswith(name)
    assert runs(page) == before
    drop_picture(page, "WEBP")
    assert page.evaluate("document.querySelector('.live-refusal').textContent") == ""


@needs_browser
@pytest.mark.parametrize("orientation", [1, 6])
def test_photos_stand_upright(page, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    drop_picture(page, "JPEG", 300, 200, exif=exif)
    shape = page.evaluate("(c => c.width / c.height)(document.querySelector('.live-screen canvas'))")
    assert shape == pytest.approx(1.5 if orientation == 1 else 1 / 1.5, rel=0.02)


@needs_browser
def test_drawing_moves_and_so_does_the_brush(page):
    before = runs(page)
    press(page, "Draw")
    wait_for_clip(page, before)
    assert state(page, "photo") == "Your drawing"
    drawn, before = clip_of(page), runs(page)
    for key in ("ArrowDown", "ArrowRight", " "):
        page.key(key)
    wait_for_clip(page, before)
    assert not np.array_equal(drawn, clip_of(page))


@needs_browser
def test_a_drawing_is_kept_when_it_is_put_away_and_a_second_finger_draws_nothing(page):
    if not page.evaluate("Boolean(document.querySelector('.live-pad'))"):
        press(page, "Draw")
    pixels = "[...document.querySelector('.live-pad canvas').getContext('2d').getImageData(0, 0, 480, 360).data].join()"
    before = page.evaluate(pixels)
    stroke = (
        "(primary, button) => { const c = document.querySelector('.live-pad canvas'), b = c.getBoundingClientRect();"
        "c.setPointerCapture = () => {};"
        "for (const [kind, x] of [['pointerdown', 0.2], ['pointermove', 0.6], ['pointerup', 0.6]])"
        "c.dispatchEvent(new PointerEvent(kind, {pointerId: 7, isPrimary: primary, button, bubbles: true,"
        "clientX: b.left + x * b.width, clientY: b.top + 0.5 * b.height})); }"
    )
    page.evaluate(f"({stroke})(false, 0)")  # a second finger
    page.evaluate(f"({stroke})(true, 2)")  # the right button of a mouse
    assert page.evaluate(pixels) == before
    page.evaluate(f"({stroke})(true, 0)")
    drawn = page.evaluate(pixels)
    assert drawn != before
    press(page, "Draw")
    assert page.evaluate("document.querySelector('.live-panel').childElementCount") == 0
    press(page, "Draw")
    assert page.evaluate(pixels) == drawn
    press(page, "Draw")
    assert page.wait(f"!{LIVE}.state.busy", 20)


@needs_browser
def test_a_text_dragged_onto_the_sky_gets_a_sentence(page):
    may_be_dropped = (
        "(() => { const data = new DataTransfer(); data.setData('text/plain', 'a sky');"
        "const over = (on) => { const e = new DragEvent('dragover',"
        "{dataTransfer: data, bubbles: true, cancelable: true}); on.dispatchEvent(e); return e.defaultPrevented; };"
        "return [over(document.querySelector('.live-screen')), over(document.body)]; })()"
    )
    assert page.evaluate(may_be_dropped) == [True, False]


@needs_browser
def test_what_changes_by_itself_is_not_read_aloud(page):
    loud = "[...document.querySelectorAll('figure output')].filter((o) => o.ariaLive !== 'off').length"
    assert page.evaluate(loud) == 0
    drop_picture(page, "PNG", 220, 120)
    assert page.evaluate("document.querySelector('.live-caption').ariaLive") == "polite"


@needs_browser
def test_the_camera_that_is_not_there_gets_a_sentence(page):
    press(page, "Camera")
    assert "camera" in refusal(page).lower()


@needs_browser
def test_a_photo_from_the_camera_and_then_it_is_off(page):
    page.evaluate(
        "(() => { const c = document.createElement('canvas'), p = c.getContext('2d');"
        "setInterval(() => { p.fillStyle = 'rgb(90, 140, 210)'; p.fillRect(0, 0, 320, 240); }, 50);"
        "navigator.mediaDevices.getUserMedia = async () => (window.stream = c.captureStream(10)); })()"
    )
    before = runs(page)
    press(page, "Camera")
    assert page.wait("document.querySelector('.live-camera video')?.videoWidth", 10)
    press(page, "Take the photo")
    wait_for_clip(page, before)
    assert state(page, "photo") == "A photo from the camera"
    assert page.evaluate("stream.getTracks().every((track) => track.readyState === 'ended')")
    assert page.evaluate("document.querySelector('.live-panel').childElementCount") == 0


@needs_browser
def test_nothing_leaves_the_device(browser, site):
    server = Server(site)
    with browser.page(server.url("live.html")) as page:
        wait_for_state(page)
        count = len(server.asked)
        drop_picture(page)
        page.evaluate(TAP % (0.5, 0.5))
        press(page, "Draw")
        assert page.wait("document.querySelector('figure').dataset.photo === 'Your drawing'")
        assert len(server.asked) == count, "the page asked for something after it had loaded"
        assert all(address.startswith((server.url(), "blob:")) for address in page.requests)
    assert {method for method, _, _ in server.asked} == {"GET"}


# The wind, where the model hears of it.

USUAL = (0.1, 0.0)
DISC = "document.querySelector('.live-disc')"
WORDS = "document.querySelector('.live-wind-value').textContent"


@pytest.fixture(scope="module")
def windy():
    """A generator that is told the wind, with gammas that are open."""
    torch.manual_seed(0)
    generator = WindGenerator(WindConfig(size=32, width=4, wind=USUAL))
    with torch.no_grad():
        for _ in range(20):
            generator.animate(torch.rand(4, 3, 32, 32) * 2 - 1)  # BatchNorm's statistics
        for module in attended(generator).values():
            module.gate.gamma.fill_(0.5)
    return generator.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def windy_opened(browser, site, windy, tmp_path_factory):
    folder = tmp_path_factory.mktemp("windy") / "site"
    shutil.copytree(site, folder)
    give_model(windy, folder / "_static" / "live")
    with browser.page(Server(folder).url("live.html")) as page:
        assert wait_for_state(page) == "live", page.console
        yield page


@pytest.fixture
def windy_page(windy_opened):
    """The page with the arrow back where it was."""
    before = runs(windy_opened)
    press(windy_opened, "The model’s own wind")
    if state(windy_opened, "wind") != "0.1,0":
        wait_for_clip(windy_opened, before)
    yield windy_opened
    assert windy_opened.console == []


def drag(page, *places):
    """Press in the middle of the circle, and move to places in parts of its radius, right and down."""
    page.evaluate(f"{DISC}.scrollIntoView({{ block: 'center' }})")
    x, y, unit = page.evaluate(
        f"(b => [b.x + b.width / 2, b.y + b.height / 2, b.width * 100 / 220])({DISC}.getBoundingClientRect())"
    )
    for kind, (right, down) in [("mousePressed", (0, 0)), *(("mouseMoved", p) for p in places)]:
        at = {"x": x + right * unit, "y": y + down * unit, "button": "left", "buttons": 1, "clickCount": 1}
        page.call("Input.dispatchMouseEvent", type=kind, **at)
    page.call("Input.dispatchMouseEvent", type="mouseReleased", **at)


def wait_for_wind(page, *wind):
    """The last clip is for this wind, and nothing more is on its way."""
    told = f"{LIVE}.state.run.wind.every((part, i) => Math.abs(part - {json.dumps(wind)}[i]) < 0.01)"
    assert page.wait(f"{told} && !{LIVE}.state.busy", 20), state(page, "wind")


@needs_browser
def test_dragging_the_arrow_carries_the_sky_as_in_the_package(windy_page, windy):
    usual = clip_of(windy_page)
    drag(windy_page, (-0.2, -0.2), (-0.8, 0.4))  # of a circle whose edge is a quarter of the picture
    wait_for_wind(windy_page, -0.2, 0.1)
    assert windy_page.evaluate(WORDS).startswith("down and to the left, ")
    assert np.abs(clip_of(windy_page) - usual).max() > 0.1
    slide = "(s => { s.value = 2; s.dispatchEvent(new Event('input')); })(document.querySelector('.live-gamma input'))"
    before = runs(windy_page)
    windy_page.evaluate(slide)
    wait_for_clip(windy_page, before)
    generator = copy_of(windy, 2)
    photo = torch.from_numpy(floats(windy_page, f"{LIVE}.state.run.photo.input").copy()).view(1, 3, 32, 32)
    wind = torch.tensor([windy_page.evaluate(f"{LIVE}.state.run.wind")])
    expected = generator(photo, wind)
    assert np.abs(clip_of(windy_page) - expected.numpy().ravel()).max() < 2e-2  # weights in fp16
    assert (expected - windy(photo, wind)).abs().max() > 1e-3, "gamma does nothing here"
    before = runs(windy_page)
    press(windy_page, "Back to 1")
    wait_for_clip(windy_page, before)


def copy_of(generator, factor):
    """The same with every gamma times a factor."""
    made = deepcopy(generator)
    for module in attended(made).values():
        module.gate.gamma.mul_(factor)
    return made


@needs_browser
def test_with_detail_the_photo_itself_is_carried_as_predict_carries_it(windy_page, windy):
    photo = drop_picture(windy_page, width=640, height=384)
    drag(windy_page, (0.9, 0.3))
    wait_for_wind(windy_page, 0.225, 0.075)
    wind = tuple(windy_page.evaluate(f"{LIVE}.state.run.wind"))
    for frame in (0, windy.config.frames - 1):
        written = predict(windy, photo, size=640, detail=True, wind=wind)[frame, 100:140, 300:340]
        apart = np.abs(patch(windy_page, frame, "true") - written.astype(int))
        assert apart.max() <= 3, frame
    assert np.abs(written - photo[100:140, 300:340].astype(int)).mean() > 5  # the photo has gone on


@needs_browser
def test_the_arrow_is_turned_by_keys_and_says_where_it_points(windy_page):
    assert windy_page.evaluate(WORDS) == "to the right, a tenth of the picture"
    windy_page.evaluate(f"{DISC}.focus()")
    for key, words in [
        ("ArrowRight", "to the right, three twentieths of the picture"),
        ("ArrowUp", "to the right, about three twentieths of the picture"),
        ("ArrowUp", "up and to the right, about a fifth of the picture"),
    ]:
        windy_page.key(key)
        assert windy_page.evaluate(WORDS) == words == windy_page.evaluate(f"{DISC}.getAttribute('aria-valuetext')")
    wait_for_wind(windy_page, 0.15, -0.1)
    for _ in range(9):
        windy_page.key("ArrowUp")
    far = windy_page.evaluate(f"{LIVE}.state.wind")
    assert np.hypot(*far) == pytest.approx(0.25, abs=2e-3)  # the edge of the circle holds it
    press(windy_page, "The model’s own wind")
    wait_for_wind(windy_page, *USUAL)


@needs_browser
def test_in_the_middle_there_is_no_wind_and_a_double_click_brings_it_back(windy_page):
    drag(windy_page, (0.5, 0.5), (0.03, 0))
    wait_for_wind(windy_page, 0, 0)
    assert windy_page.evaluate(WORDS) == "no wind"
    windy_page.evaluate(f"{DISC}.dispatchEvent(new MouseEvent('dblclick'))")
    wait_for_wind(windy_page, *USUAL)


@needs_browser
def test_while_the_network_runs_only_the_last_place_of_the_arrow_is_kept(windy_page):
    before = runs(windy_page)
    drag(windy_page, *((np.cos(i / 20), np.sin(i / 20)) for i in range(40)))
    wait_for_wind(windy_page, 0.25 * np.cos(39 / 20), 0.25 * np.sin(39 / 20))
    assert 1 <= runs(windy_page) - before < 40


# Where it cannot run.


@pytest.fixture
def copy(site, tmp_path):
    """A copy of the site to break, and where the page's own things are in it."""
    folder = tmp_path / "site"
    shutil.copytree(site, folder)
    return SimpleNamespace(folder=folder, live=folder / "_static" / "live")


def change_runtime(copy, **changes):
    file = copy.live / "runtime.json"
    file.write_text(json.dumps(json.loads(file.read_text("utf-8")) | changes), "utf-8")


def told(page):
    return page.evaluate("document.querySelector('.live-told').textContent")


def shows_recording(page):
    return page.evaluate(
        "(i => i.naturalWidth > 0 && i.clientWidth > 0)(document.querySelector('.live-recording img'))"
    )


@needs_browser
def test_opened_as_a_file_it_shows_the_recording_and_one_sentence(browser, site):
    with browser.page(site / "live.html") as page:
        assert wait_for_state(page) == "recording"
        assert "opened as a file" in told(page)
        assert shows_recording(page)
        assert page.console == []
        assert page.requests == []


@needs_browser
def test_with_the_cdn_out_of_reach_it_shows_the_recording(browser, copy):
    change_runtime(copy, local=False)
    with browser.page(Server(copy.folder).url("live.html")) as page:
        assert wait_for_state(page) == "recording"
        assert "could not be loaded" in told(page)
        assert shows_recording(page)


@needs_browser
def test_without_its_own_runtime_it_takes_the_cdns(browser, copy, tmp_path):
    cdn = tmp_path / "cdn"
    cdn.mkdir()
    for name in json.loads((copy.live / "runtime.json").read_text("utf-8"))["files"]:
        shutil.move(copy.live / name, cdn / name)
    far = Server(cdn, foreign=True)
    change_runtime(copy, cdn=far.url())  # it says that they are here, but they are not: a careless upload
    with browser.page(Server(copy.folder).url("live.html")) as page:
        assert wait_for_state(page) == "live"
    assert len(far.asked) == 3


@needs_browser
def test_a_runtime_that_was_tampered_with_is_refused(browser, copy):
    engine = copy.live / "ort.wasm.min.mjs"
    engine.write_bytes(engine.read_bytes().replace(b"wasm", b"wasn", 1))
    with browser.page(Server(copy.folder).url("live.html")) as page:
        assert wait_for_state(page) == "recording"


@needs_browser
def test_where_the_first_sky_is_missing_it_says_so_and_takes_a_photo(browser, copy):
    (copy.live / "sky-1.webp").unlink()
    with browser.page(Server(copy.folder).url("live.html")) as page:
        assert wait_for_state(page) == "live"
        assert "is not a picture" in refusal(page)
        drop(page, picture(), "my sky.png")
        assert page.wait("document.querySelector('figure').dataset.runs === '1'", 20)


@needs_browser
def test_a_worker_that_dies_is_told_and_nothing_waits_for_it(browser, server):
    with browser.page("about:blank") as page:
        dies = "const W = Worker; Worker = class extends W { constructor(...a) { super(...a); self.w = this; } }"
        page.call("Page.addScriptToEvaluateOnNewDocument", source=dies)
        page.go(server.url("live.html"))
        wait_for_state(page)
        page.evaluate("w.onerror(new ErrorEvent('error', {message: 'out of memory', cancelable: true}))")
        for _ in range(2):
            page.evaluate("document.querySelector('.live-refusal').replaceChildren()")
            drop(page, picture(), "my sky.png")
            assert "stopped in the middle" in refusal(page)


@needs_browser
def test_a_build_without_the_model_shows_the_recording(browser, copy):
    (copy.live / "model.json").write_text("null")
    with browser.page(Server(copy.folder).url("live.html")) as page:
        assert wait_for_state(page) == "recording"
        assert "without the model" in told(page)


@needs_browser
def test_another_model_of_another_size_needs_no_change(browser, copy):
    generator = Generator(GeneratorConfig(size=16, width=2, attention="none")).eval()  # no gammas, map or wind
    give_model(generator, copy.live)
    with browser.page(Server(copy.folder).url("live.html")) as page:
        assert wait_for_state(page) == "live", page.console
        assert len(clip_of(page)) == 3 * generator.config.frames * 16 * 16
        page.evaluate(TAP % (0.5, 0.5))
        assert state(page, "place") == ""
        hidden = "[...document.querySelectorAll('figure .live-gamma, figure button')].filter((b) => b.hidden).length"
        assert page.evaluate(hidden) == 2  # the slider, and the button that asks where a place looks
        assert page.evaluate("document.querySelectorAll('.live-wind').length") == 0
        assert page.console == []
