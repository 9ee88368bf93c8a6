"""What `ssagan reproduce` does, step by step: train what is missing, score it, write the table or the figure."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch

from ssagan_lite.data.batches import stack_clips
from ssagan_lite.data.clips import to_uint8
from ssagan_lite.data.staging import check_free, staged
from ssagan_lite.data.video import write_video
from ssagan_lite.evaluation.provenance import Stopwatch
from ssagan_lite.reproduction.clips import sha256_of_clips
from ssagan_lite.reproduction.job import Job, about, described, predictor, settings, shown, train_all, training
from ssagan_lite.reproduction.rows import ROWS
from ssagan_lite.reproduction.scoring import Predictor, score
from ssagan_lite.reproduction.table2 import COMPARISONS, as_text, pages, table
from ssagan_lite.reproduction.tables import cell, check_targets, conventions, results, write_table

METHODS_OF_TABLE_2 = {"ours": "ours-a", "mdgan-stage1": "mdgan-stage1", "mdgan-stage2": "mdgan-stage2"}
CLIP_NAMES = ("[0-9]*.mp4",)


def make_table(job: Job, watch: Stopwatch) -> None:
    """Train, score, print and write Table 3 or 4."""
    check_targets(job.folder, job.what, job.force)
    clips = job.test_clips()  # before hours of training, in case there are none
    train_all(job)
    scores = {}
    for row in job.rows:
        print(f"scoring {row.name} on {len(clips)} clips", flush=True)
        scores[row.name] = score(predictor(job, row), clips, row.name)
    number = job.what.removeprefix("table")
    found = results(job.what, job.rows, scores, clips.sources)
    found["conventions"] = conventions(job.what, about(job, len(clips)))
    found = {"table": job.what, **settings(job), "training": training(job), **found}
    title = f"Table {number} made again: {shown(job.data)}, {described(job)}"
    text = write_table(job.folder, job.what, title, found, watch, sha256_of_clips(clips), job.force)
    print(f"\n{text}\nwritten: {job.folder / job.what}.md, .json and .csv")


def make_figure(job: Job, watch: Stopwatch) -> None:
    """Train, and write Figure 1 or 4: a picture, a video and numbers."""
    from ssagan_lite.reproduction.figures import check_figure, write_figure  # matplotlib is slow to import

    check_figure(job.folder, job.what, job.force)
    clips = job.test_clips()
    train_all(job)
    predictors = {row.name: predictor(job, row) for row in job.rows}
    values = {"figure": job.what, **settings(job), "training": training(job), "conventions": about(job, len(clips))}
    sha256 = sha256_of_clips(clips)
    rows = write_figure(job.folder, job.what, job.rows, predictors, clips, values, watch, sha256, job.force)
    for row in rows.values():
        psnr, ratio, error = row["frames_1_on"]["psnr"], row["flow_magnitude_ratio"], row["end_point_error"]
        print(
            f"{row['label']:28} PSNR {cell('psnr', psnr)} dB, flow ratio {ratio:.2f}, end-point error {error:.2f} px "
            f"(of no flow {row['end_point_error_of_no_flow']:.2f})"
        )
    print(f"written: {job.folder / job.what}.png, .mp4 and .json")


def make_pages(job: Job) -> None:
    """Train, let every method move the same photos, and write the blind pages of Table 2 about these clips."""
    check_pages(job.folder, job.force)
    places = {name: job.folder / "clips" / name for name in (*METHODS_OF_TABLE_2, "real")}
    for place in places.values():
        check_free(place, force=job.force, own=CLIP_NAMES)
    clips = job.test_clips()
    train_all(job)
    predictors = {name: predictor(job, ROWS[row]) for name, row in METHODS_OF_TABLE_2.items()}
    for name, predict in {**predictors, "real": lambda real, _: real}.items():
        print(f"writing {len(clips)} clips of {name}", flush=True)
        write_clips_of(predict, clips, places[name], job.force)
    write_pages(places, job.folder, job.force)


@torch.inference_mode()
def write_clips_of(predict: Predictor, clips, folder: Path, force: bool) -> None:
    """One mp4 a clip, named by its number: clips of one name in all folders are of one photo."""
    with staged(folder, force=force, own=CLIP_NAMES) as place:
        place.mkdir()
        for index in range(len(clips)):
            real = stack_clips([clips[index]])  # (1, 3, T, H, W)
            made = to_uint8(predict(real, slice(index, index + 1)))[0].numpy()  # (T, H, W, 3)
            write_video(place / f"{index:04d}.mp4", made, fps=8)


def check_pages(folder: Path, force: bool) -> None:
    """Raise InputError where a page is there already, before anything is trained."""
    for number in range(1, len(COMPARISONS) + 1):
        check_free(folder / f"study-{number}.html", force=force)


def write_pages(folders: Mapping[str, str | Path], out: Path, force: bool) -> None:
    """The pages of Table 2 from folders of clips, and what to do with them."""
    for page in pages(folders, out, force=force):
        print(*[f"{page.path}: {len(page.study.items)} pairs", *page.notes], sep="\n  ")
    print("Each person opens the pages and saves the answers; then: ssagan reproduce table2 --answers FILE ...")


def make_table_2(folder: Path, answers: Sequence[Path], watch: Stopwatch, force: bool = False) -> None:
    """Table 2 from the files that people returned, printed and written; no program can answer for them."""
    target = folder / "table2.json"
    check_free(target, force=force)
    found = table(answers)
    with staged(target, force=force) as file:
        watch.write(file, {"table": "table2", **found})
    print(f"{as_text(found)}\nwritten: {target}")
