"""The beach data: a loader without a list, and a division by the list's order."""

import random

from torch.utils.data import DataLoader, Dataset

from ssagan_lite.data.beach import parent_video, split_of
from ssagan_lite.teach.audit.row import FAILS, HOLDS, Row, Values

VIDEOS, MOST = 3_000, 20  # a made-up list: that many videos, 1 to 20 JPEGs each, as many of one video lie together
EVALUATED = 1_000


class ListedAsReleased(Dataset):
    """data_loader/video_folder.py:384-388: the paths that it is given, which are None as main.py:41 has it."""

    def __init__(self, paths):
        self.paths = paths

    def __len__(self) -> int:
        return len(self.paths)


def names(seed: int = 0) -> list[str]:
    """Made-up names in the list's form, in order: `videos2/7/5/0/9/7/5/9/7/5275097597.mp4/0000.jpg`."""
    draw = random.Random(seed)
    videos = sorted(draw.sample(range(10**9, 10**10), VIDEOS))
    folders = {video: f"videos2/{'/'.join(str(video)[-1:-10:-1])}/{video}.mp4" for video in videos}
    return [f"{folders[v]}/{clip:04}.jpg" for v in videos for clip in range(draw.randint(1, MOST))]


def split_as_released(listed: list[str], shuffled: bool) -> tuple[list[str], list[str]]:
    """main.py:42-47, which is commented out: the first tenth trains, the next one evaluates."""
    listed = random.Random(0).sample(listed, len(listed)) if shuffled else listed
    first, second = int(len(listed) * 0.1), int(len(listed) * 0.2)
    return listed[:first], listed[first:second]


def leak(train: list[str], evaluation: list[str]) -> Values:
    """Videos on both sides, and the share of evaluation clips whose video was trained on."""
    trained = {parent_video(name, "") for name in train}
    known = [name for name in evaluation if parent_video(name, "") in trained]
    both = len({parent_video(name, "") for name in known})
    return {"videos_on_both_sides": both, "share_of_clips_known": len(known) / len(evaluation)}


def start_error() -> str:
    """What becomes of a loader whose list is None."""
    try:
        DataLoader(ListedAsReleased(None), batch_size=16, shuffle=True)
    except TypeError as error:
        return f"TypeError: {error}"
    return ""


def measure() -> Values:
    """On a made-up list: does it start, how is it divided, what leaks, and how many of two draws of 1,000 agree."""
    listed = names()
    ours = {side: [n for n in listed if split_of(parent_video(n, ""), 0.9) == side] for side in ("train", "test")}
    train, evaluation = split_as_released(listed, shuffled=False)
    draws = [set(random.Random(seed).sample(evaluation, min(EVALUATED, len(evaluation)))) for seed in (1, 2)]
    return {
        "clips": len(listed),
        "start_error": start_error(),
        "evaluation_share": len(evaluation) / len(listed),
        "in_list_order": leak(train, evaluation),
        "list_shuffled": leak(*split_as_released(listed, shuffled=True)),
        "ours": leak(ours["train"], ours["test"]) | {"evaluation_share": len(ours["test"]) / len(listed)},
        "two_draws": {"drawn": len(draws[0]), "of": len(evaluation), "in_both": len(draws[0] & draws[1])},
    }


def verdict(values: Values) -> str:
    """It must start, and evaluate on nine tenths."""
    divided = abs(values["evaluation_share"] - 0.9) < 0.01
    return HOLDS if divided and not values["start_error"] else FAILS


def report(values: Values) -> str:
    """One sentence."""
    ordered, shuffled = values["in_list_order"], values["list_shuffled"]
    return (
        f"As released: {values['start_error'] or 'it starts'}. With the commented lines "
        f"{100 * values['evaluation_share']:.0f} % evaluate; {ordered['videos_on_both_sides']} video lies on both "
        f"sides in list order, {shuffled['videos_on_both_sides']} would with the shuffle that is switched off "
        f"({100 * shuffled['share_of_clips_known']:.0f} % of the clips), {values['ours']['videos_on_both_sides']} in "
        f"ours. The draw of {EVALUATED} has no seed: two share {values['two_draws']['in_both']}."
    )


ROW = Row(
    title="The beach branch",
    paper="10 % of the beach data train, 90 % evaluate; scores are over 1,000 random clips of the latter.",
    section="sections 5.1 and 5.3",
    code="The lines that divide the list are commented out, and the loader gets None; in them the first tenth trains "
    "and the next tenth evaluates, by the list's order and an unseeded draw.",
    places=("main.py:41-51", "data_loader/video_folder.py:375-388"),
    claim="The released code divides the beach as section 5.1 says.",
    measure=measure,
    verdict=verdict,
    report=report,
)
