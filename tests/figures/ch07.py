"""Chapter 07: the GAN on one number, with two controls and with all of them."""

from ssagan_lite.teach import explore
from ssagan_lite.teach.bundle import Figure


def make_figures() -> dict[str, Figure]:
    words = {"title": "One number", "alt": "A generator's numbers move to where the data lies."}
    return {
        "one_number": explore.one_number_gan(**words),
        "one_number_all": explore.one_number_gan(
            **words,
            controls=("noise", "teacher", "loss", "steps", "start", "lead"),
            start={"noise": "off", "start": "middle"},
            seed=3,
        ),
    }
