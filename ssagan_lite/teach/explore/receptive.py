"""What one place of a layer sees of the clip, as a box."""

from matplotlib.figure import Figure as Canvas
from matplotlib.patches import Rectangle

from ssagan_lite.errors import InputError
from ssagan_lite.teach import stills
from ssagan_lite.teach.bundle import Figure, component
from ssagan_lite.teach.frames import as_clip, data_uri, static_image, webp

QUALITY = 82


def receptive_box(clip, layers, *, layer=None, title, alt, note=""):
    """The box of the clip, in frames, rows and columns, that one place of a layer sees; the reader picks both.

    clip: uint8 (T, H, W, 3), our own sky, of the size that the layers expect. layers: rows of Table 1, from the first
    on (model.generator.ENCODER), each with name, kernel, stride, padding and output as (T, H, W). layer: the name of
    the one to begin with (the second). A box reaches into the padding where the place lies near an edge. Raises
    InputError where the outputs do not follow from the clip's size. Section 3.1 and Table 1, Chapter 04.
    """
    clip, layers = as_clip(clip), list(layers)
    names = [row.name for row in layers]
    layer = layer or names[min(1, len(names) - 1)]
    if layer not in names:
        raise InputError(f"there is no layer {layer}; there is {', '.join(names)}")
    _check(clip.shape[:3], layers)
    middle = clip.shape[2] // 2
    data = {
        "size": list(clip.shape[:3]),
        "front": data_uri(webp(clip[len(clip) // 2], QUALITY), "webp"),
        "side": data_uri(webp(clip[:, :, middle].swapaxes(0, 1), QUALITY), "webp"),
        "layers": [
            {
                "name": row.name,
                "kernel": list(row.kernel),
                "stride": list(row.stride),
                "padding": list(row.padding),
                "output": list(row.output),
            }
            for row in layers
        ],
        "start": names.index(layer),
    }
    still = _still(clip, layers, title)
    html = component("receptive", data, title=title, static=static_image(still, alt), note=note, label=alt)
    return Figure(html, still, alt)


def box(layers, axis, place):
    """First and last index, along one axis, of what a place of the last layer sees; both may lie in the padding."""
    size, jump, first = 1, 1, 0
    for row in layers:
        first -= row.padding[axis] * jump
        size += (row.kernel[axis] - 1) * jump
        jump *= row.stride[axis]
    return first + place * jump, first + place * jump + size - 1


def _check(size, layers):
    for row in layers:
        size = tuple(
            (n + 2 * p - k) // s + 1 for n, p, k, s in zip(size, row.padding, row.kernel, row.stride, strict=True)
        )
        if size != tuple(row.output):
            raise InputError(f"{row.name} puts out {size} of such a clip, and its row says {tuple(row.output)}")


def _still(clip, layers, title):
    """The boxes of the layers' middle places, from the front and from the side."""
    canvas = Canvas(figsize=(7, 3.3), layout="constrained")
    front, side = canvas.subplots(1, 2)
    front.imshow(clip[len(clip) // 2])
    side.imshow(clip[:, :, clip.shape[2] // 2].swapaxes(0, 1), aspect="auto")
    styles = ("-", (0, (6, 2)), (0, (2, 2)), (0, (8, 2, 2, 2)), (0, (1, 2)), (0, (4, 4)))
    for depth, style in zip(range(1, len(layers) + 1), styles, strict=False):
        spans = [box(layers[:depth], axis, layers[depth - 1].output[axis] // 2) for axis in range(3)]
        for axis, wide, high in ((front, spans[2], spans[1]), (side, spans[0], spans[1])):
            corner = wide[0] - 0.5, high[0] - 0.5
            extent = wide[1] - wide[0] + 1, high[1] - high[0] + 1
            axis.add_patch(
                Rectangle(corner, *extent, fill=False, linewidth=1.4, linestyle=style, label=layers[depth - 1].name)
            )
    for axis, name in ((front, "a frame"), (side, "all frames, from the side")):
        axis.set(xticks=[], yticks=[], frame_on=False)
        axis.set_title(name, fontsize=8, color=stills.SOFT)
        axis.autoscale_view()
    side.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    canvas.suptitle(title, fontsize=10, color=stills.INK)
    return stills.finish(canvas)
