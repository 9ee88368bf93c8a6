"""A photo under a wind that the reader drags: the network's response, worked out in the page. Chapter 14."""

import base64

import numpy as np
import torch
from torch.nn import functional as F

from ssagan_lite.beyond.wind import MOST_WIND, REACH, RESPONSE, look_up, share_of_way
from ssagan_lite.errors import InputError
from ssagan_lite.teach import stills
from ssagan_lite.teach.bundle import Figure, component
from ssagan_lite.teach.frames import as_clip, data_uri, static_image, webp

KEYS = 5  # frames whose response travels; the page draws straight lines between them
SIDE = 32  # places a side that travel; a response is smooth
STEPS = 127  # of a signed byte


def told_the_wind(skies, *, wind=(0.1, 0.0), edge=0.25, title, alt, note="", fps=12):
    """Photos that move at once under a wind that is dragged, by what the network says of each; or shift as a whole.

    skies: {name: (photo, response)}, photos uint8 (S, S, 3) of one size, our own skies only; response (4, T, n, n) of
    one length, as `WindGenerator.read` gives it. wind: to begin with, (x, y) in picture widths over the clip. edge:
    the longest that can be dragged. Changes of colour are left out. Breaks "wind shifts the picture". Raises InputError
    for other shapes. Chapter 14.
    """
    skies = _checked(skies)
    if not 0 < np.hypot(*wind) <= edge <= MOST_WIND:
        raise InputError(
            f"a wind to begin with ends within the edge, and that is at most {MOST_WIND:g}: {wind}, {edge}"
        )
    photo, response = next(iter(skies.values()))
    data = {
        "skies": [_packed(name, *sky) for name, sky in skies.items()],
        "size": len(photo),
        "side": min(SIDE, response.shape[-1]),
        "frames": response.shape[1],
        "keys": key_frames(response.shape[1]),
        "wind": [float(part) for part in wind],
        "edge": edge,
        "fps": fps,
    }
    still = _still(photo, response, wind, title)
    html = component("wind", data, title=title, static=static_image(still, alt), note=note, label=alt)
    return Figure(html, still, alt)


def key_frames(frames):
    """The numbers of the frames whose response travels."""
    return sorted({round(frame) for frame in np.linspace(0, frames - 1, KEYS)})


def coarse(response):
    """A response (4, T, n, n) at the key frames and on at most SIDE places: (keys, 4, m, m)."""
    chosen = response[:, key_frames(response.shape[1])].transpose(0, 1)  # (keys, 4, n, n)
    return F.adaptive_avg_pool2d(chosen, min(SIDE, response.shape[-1]))  # (keys, 4, m, m)


def _packed(name, photo, response):
    """A sky as the page takes it: its picture, and the response less the unit matrix in signed bytes."""
    unit = torch.eye(2).view(RESPONSE, 1, 1)
    levels = ((coarse(response) - unit) / REACH * STEPS).round().clamp(-STEPS, STEPS)
    packed = base64.b64encode(levels.to(torch.int8).numpy().tobytes()).decode()
    return {"name": name, "picture": data_uri(webp(photo, 82), "webp"), "response": packed, "unit": REACH / STEPS}


def _checked(skies):
    """{name: (photo, response)} as an array and a tensor, or what is wrong."""
    found = {}
    for name, (photo, response) in skies.items():
        photo = as_clip(np.asarray(photo)[None], name)[0]
        response = torch.as_tensor(response).float()
        if photo.shape[0] != photo.shape[1]:
            raise InputError(f"{name}: the photo is square here, not {photo.shape}")
        if response.ndim != 4 or len(response) != RESPONSE or response.shape[2] != response.shape[3]:
            raise InputError(f"{name}: a response is (4, T, n, n), not {tuple(response.shape)}")
        found[name] = photo, response
    shapes = {(photo.shape, tuple(response.shape)) for photo, response in found.values()}
    if len(shapes) != 1:
        raise InputError("all photos have one size here, all responses another, and there is at least one of each")
    return found


def _still(photo, response, wind, title):
    """For print: the photo carried by the response, to both sides, and shifted as a whole."""
    unit = torch.eye(2).view(RESPONSE, 1, 1, 1).expand_as(response)
    back = tuple(-part for part in wind)
    rows = {"by the response": (response, wind), "the other way": (response, back), "as a whole": (unit, wind)}
    clips = {name: _carried(photo, *each) for name, each in rows.items()}
    return stills.contact_strip(clips, title, count=5)


def _carried(photo, response, wind):
    """The photo (S, S, 3) under a wind, as bytes (T, S, S, 3)."""
    way = share_of_way(response[None], torch.tensor([wind]).float())[0].transpose(0, 1)  # (T, 2, n, n)
    way = F.interpolate(way, photo.shape[:2], mode="bilinear", align_corners=False).transpose(0, 1)  # (2, T, S, S)
    clip = torch.from_numpy(photo.copy()).permute(2, 0, 1).float().unsqueeze(1)  # (3, 1, S, S)
    clip = clip.expand(-1, way.shape[1], -1, -1)  # (3, T, S, S)
    found = look_up(clip[None], -way[None])[0]  # (3, T, S, S)
    return found.round().clamp(0, 255).byte().permute(1, 2, 3, 0).numpy()  # (T, S, S, 3)
