"""Clips and images as small files: sprite sheets for the page, stills for print.

Everything here takes uint8 arrays, (T, H, W, 3) for a clip and (H, W, 3) for an image.
"""

import base64
import html
import io

import numpy as np
from PIL import Image

from ssagan_lite.errors import InputError

SPRITE_BYTES = 160_000  # all clips of a figure together, before base64
STILL_BYTES = 45_000
QUALITIES = (90, 82, 74, 66, 58, 50, 40, 30)


def as_clip(clip, name="clip"):
    """The clip as a uint8 array (T, H, W, 3); torch tensors are welcome. Raises InputError for anything else."""
    clip = np.asarray(clip)
    if clip.dtype != np.uint8:
        raise InputError(f"{name} holds {clip.dtype}: a clip to look at is uint8, 0 to 255 (data.clips.to_uint8)")
    if clip.ndim != 4 or clip.shape[-1] != 3 or 0 in clip.shape:
        raise InputError(f"{name} has shape {clip.shape}: a clip to look at is (T, H, W, 3)")
    return clip


def as_clips(clips):
    """{name: clip} from a dict or from one array; all have one length."""
    clips = clips if isinstance(clips, dict) else {"": clips}
    clips = {name: as_clip(clip, name or "the clip") for name, clip in clips.items()}
    lengths = {name: len(clip) for name, clip in clips.items()}
    if not clips or len(set(lengths.values())) != 1:
        raise InputError(f"clips that play together have one number of frames, these have {lengths}")
    return clips


def grid(clip, columns):
    """All frames in one image, row by row, black where the last row is not full: (rows * H, columns * W, 3)."""
    count, height, width, _ = clip.shape
    rows = -(-count // columns)
    padded = np.zeros((rows * columns, height, width, 3), np.uint8)
    padded[:count] = clip
    return padded.reshape(rows, columns, height, width, 3).swapaxes(1, 2).reshape(rows * height, columns * width, 3)


def from_grid(picture, count, height, width):
    """The clip that `grid` laid out, uint8 (count, height, width, 3). picture: its file, as base64."""
    sheet = np.asarray(Image.open(io.BytesIO(base64.b64decode(picture))).convert("RGB"))
    rows, columns = sheet.shape[0] // height, sheet.shape[1] // width
    tiles = sheet.reshape(rows, height, columns, width, 3).swapaxes(1, 2)
    return tiles.reshape(-1, height, width, 3)[:count]


def data_uri(content, kind):
    """The bytes of a picture ("png", "webp") as an address that holds them."""
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def webp(image, quality):
    """WebP bytes of an image (H, W, 3); quality from 1 to 100."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "WEBP", quality=quality, method=4)
    return buffer.getvalue()


def pack_clip(clip, quality=80):
    """A clip (T, H, W, 3) as JSON can hold it: all frames in one row of a WebP picture. `unpack_clip` undoes it."""
    row = webp(grid(as_clip(clip), columns=len(clip)), quality)
    return {"shape": list(clip.shape), "webp": base64.b64encode(row).decode()}


def unpack_clip(packed):
    """The clip of `pack_clip`, uint8 (T, H, W, 3), as good as its quality."""
    return from_grid(packed["webp"], *packed["shape"][:3])


def sprites(clips, limit=SPRITE_BYTES):
    """What assets/player.js plays: for each clip its frames in one WebP picture, all of them together within `limit`.

    clips: {name: (T, H, W, 3)}. Returns a list of {name, picture, columns, frames, width, height}. The quality is the
    best of QUALITIES that fits; InputError when none does.
    """
    columns = 8
    for quality in QUALITIES:
        pictures = {name: webp(grid(clip, columns), quality) for name, clip in clips.items()}
        if sum(map(len, pictures.values())) <= limit:
            return [_sprite(name, clip, columns, pictures[name]) for name, clip in clips.items()]
    raise InputError(f"{len(clips)} clips do not fit in {limit // 1000} KB: show fewer, smaller or shorter clips")


def _sprite(name, clip, columns, picture):
    count, height, width, _ = clip.shape
    sheet = data_uri(picture, "webp")
    return {"name": name, "picture": sheet, "columns": columns, "frames": count, "width": width, "height": height}


def png(image, limit=STILL_BYTES):
    """PNG bytes of an image: exact where that fits in `limit`, else with fewer colours, else smaller."""
    picture = Image.fromarray(image)
    while True:
        for colours in (None, 256, 96):
            buffer = io.BytesIO()
            (picture if colours is None else picture.quantize(colours)).save(buffer, "PNG", optimize=True)
            if buffer.tell() <= limit:
                return buffer.getvalue()
        picture = picture.resize((max(1, picture.width * 3 // 4), max(1, picture.height * 3 // 4)))


def static_image(still, alt):
    """The still as an <img> for pages that run no script; WebP, because the bundle carries the PNG beside it."""
    picture = np.asarray(Image.open(io.BytesIO(still)).convert("RGB"))
    return f'<img class="ssagan-still" src="{data_uri(webp(picture, 70), "webp")}" alt="{html.escape(alt)}">'
