"""The grader of the page "How the skies are made": moving a picture by turning the phases of its waves."""

import numpy as np

from ssagan_lite.teach.check.grader import WrongError, call, expect, graded

SIDE = 16


def _moved(spectrum, right, down, *, sign=-1, swap=False, radians=2 * np.pi / SIDE):
    """The spectrum of the moved picture; the keywords make the usual mistakes."""
    columns, rows = np.meshgrid(np.arange(SIDE // 2 + 1), np.fft.fftfreq(SIDE, 1 / SIDE))
    columns, rows = (rows, columns) if swap else (columns, rows)
    return spectrum * np.exp(sign * 1j * radians * (columns * right + rows * down))


@graded
def moved(function):
    """Turn each wave's phase in proportion to how often it fits; checked on the pictures, whole and half pixels."""
    picture = np.random.default_rng(5).normal(size=(SIDE, SIDE))
    spectrum = np.fft.rfft2(picture)
    spectrum[SIDE // 2] = spectrum[:, -1] = 0  # the narrowest waves have no side to turn to
    for right, down in ((3, 0), (0, 2), (-1, 4), (0.5, 0.25)):
        found = np.asarray(call(function, spectrum.copy(), right, down))
        if found.shape == picture.shape:
            raise WrongError(f"the spectrum is expected, {spectrum.shape}, not the picture: no inverse transform here.")
        if found.shape != spectrum.shape:
            raise WrongError(f"the shape should be {spectrum.shape}, and is {found.shape}.")
        seen = {
            "it goes the other way: mind the sign in the exponent.": {"sign": 1},
            "right and down are swapped: the second axis of the spectrum is to the right.": {"swap": True},
            "the turn is too small: a wave that fits once turns by 2 pi when it goes round the whole picture.": {
                "radians": 1 / SIDE
            },
        }
        mistakes = {say: np.fft.irfft2(_moved(spectrum, right, down, **how)) for say, how in seen.items()}
        right_picture = np.fft.irfft2(_moved(spectrum, right, down))
        mistakes = {say: other for say, other in mistakes.items() if not np.allclose(other, right_picture)}
        expect(np.fft.irfft2(found), right_picture, mistakes=mistakes)
    return "whole pixels and parts of one, to every side."
