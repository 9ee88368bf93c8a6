"""How each row of the audit is drawn, and what follows from it: the words of `audit_list`; its numbers are measured.

The row `done-well` is not among them: "what does it change?" is no question to ask of it.
"""

from dataclasses import dataclass

EFFECTS = {"number": "a number in a table", "training": "what is learnt", "nothing": "neither"}
PAPER, CODE, BESIDE = "paper", "code", "beside"


@dataclass(frozen=True)
class Bar:
    """One bar: where its number lies in the row's values, keys joined by "/", and whose number it is."""

    path: str
    label: str
    kind: str


@dataclass(frozen=True)
class Shown:
    """How one row is drawn. effect: one of EFFECTS. so: what follows from the row. unit: of the bars. text: how their
    numbers are written, after `times`. full: the number that fills the width, where no bar does.
    """

    effect: str
    so: str
    unit: str
    bars: tuple[Bar, ...]
    text: str = "{:.2f}"
    times: float = 1
    full: float | None = None


SHOWN = {
    "wgan-on-sigmoid": Shown(
        "training",
        "Another game is played. Against a sure critic its gradient fades, as that of Eq. 4 to the letter does; the "
        "usual reading of Eq. 4 keeps it.",
        "% of the generator's gradient that is left where the critic is sure (logit -4)",
        (
            Bar("left_at_logit/-4/minimax", "Eq. 4 to the letter", PAPER),
            Bar("left_at_logit/-4/non-saturating", "Eq. 4, non-saturating", PAPER),
            Bar("left_at_logit/-4/released", "released", CODE),
            Bar("left_at_logit/-4/wgan-gp", "the same without sigmoid", BESIDE),
        ),
        "{:.1f} %",
        100,
    ),
    "graph-through-g": Shown(
        "nothing",
        "The same weights come out; each critic step costs more. A benchmark would notice, a table would not.",
        "megabytes that a critic step keeps, small networks",
        (Bar("bytes/detached", "what the critic needs", PAPER), Bar("bytes/released", "released", CODE)),
        "{:.1f} MB",
        1e-6,
    ),
    "ranking-loss": Shown(
        "training",
        "Stage two trains as if it had no ranking loss. Whether row (b) of Table 3 was made so cannot be told.",
        "largest gradient in 50 steps",
        (Bar("right/largest_gradient", "MD-GAN's formula", PAPER), Bar("released/largest_gradient", "released", CODE)),
        "{:.2g}",
    ),
    "no-gamma-is-batchnorm": Shown(
        "training",
        "Two things change at once in the ablation, so its failure cannot be laid on gamma alone (chapter 10).",
        "spread of the branch at the start, where attention found 0.01",
        (
            Bar("branch_spread/no gamma/0.01", "gamma taken away", PAPER),
            Bar("branch_spread/released/0.01", "released", CODE),
            Bar("branch_spread/gamma/0.01", "with gamma", BESIDE),
        ),
    ),
    "train-mode-evaluation": Shown(
        "number",
        "One clip has many scores. A mean over many clips, which is what a table prints, moves far less.",
        "dB between one clip's lowest and highest PSNR in 20 batches, our small model",
        (Bar("eval_psnr/range", "in eval mode", PAPER), Bar("train_psnr/range", "as released", CODE)),
        "{:.2f} dB",
    ),
    "drop-last": Shown(
        "number",
        "A mean over 2,815 clips hardly notices 15. But a table should say what it counts.",
        "clips scored",
        (Bar("scored/all", "all test clips", PAPER), Bar("scored/released", "released", CODE)),
        "{:,.0f}",
    ),
    "ssim-as-loss": Shown(
        "training",
        "A score that is trained for says less about quality than one that is not; and in the released code only the "
        "first stage of the own model is trained for it. What that is worth in Table 3 cannot be tested here.",
        "SSIM on unseen skies after a short training, mean over the seeds",
        (
            Bar("arms/without/ssim", "two terms, as Eq. 7", PAPER),
            Bar("arms/with/ssim", "with 1 - SSIM", CODE),
            Bar("arms/more_l1/ssim", "L1 twice, as a control", BESIDE),
        ),
        "{:.3f}",
    ),
    "ssim-window": Shown(
        "number",
        "SSIM is not one number. Who compares with the paper must use its 7 x 7 window, which only the code tells.",
        "SSIM of copy-first on skies",
        (
            Bar("skies/uniform_7", "7 x 7, reported", CODE),
            Bar("skies/gaussian_11", "Gaussian, trained", CODE),
            Bar("skies/gaussian_11_range_1", "the same, range taken for 1", BESIDE),
        ),
        "{:.3f}",
    ),
    "size-64-branch": Shown(
        "training",
        "The model behind the beach table cannot be trained from the released files. The paper's sentence suffices.",
        "places (T x H x W) at the narrowest layer",
        (Bar("ours/shapes/conv6", "as section 5.3 says", PAPER), Bar("of_reference/bottleneck", "released", CODE)),
        "{:.0f}",
    ),
    "beach-branch": Shown(
        "number",
        "Which clips were scored cannot be told, so Table 4 cannot be made again from these files.",
        "% of the clips that are for evaluation",
        (Bar("ours/evaluation_share", "as section 5.1 says", PAPER), Bar("evaluation_share", "released", CODE)),
        "{:.0f} %",
        100,
    ),
    "table4-jensen": Shown(
        "number",
        "If two ranges were mixed, 6 dB of the lead would be ruler (chapter 9).",
        "dB above the lowest PSNR that the row's MSE allows, with range 2",
        tuple(
            Bar(f"table4/gap/2/{row}", row, PAPER)
            for row in ("RNN-GAN", "VGAN", "MD-GAN Stage II", "Ours (a)", "Ours (b)")
        ),
        "{:+.1f} dB",
    ),
    "poster-vs-paper": Shown(
        "number",
        "The two prints differ: a swap of rows, other weights or other clips would each do it.",
        "MSE of MD-GAN's first stage",
        (
            Bar("paper/MD-GAN Stage I/mse", "paper", PAPER),
            Bar("poster/MD-GAN Stage I/mse", "poster", BESIDE),
            Bar("public_outputs/MD-GAN Stage I/mse", "public clips, our count", BESIDE),
        ),
        "{:.4f}",
    ),
    "mdgan-public-motion": Shown(
        "number",
        "In an uncertain future that is no proof of bad motion. A column for motion, with a still picture in it, would "
        "have shown how hard the task is.",
        "pixels between predicted and true motion",
        (
            Bar("mdgan-stage1/end_point_error_of_no_flow", "a still picture", BESIDE),
            Bar("mdgan-stage1/end_point_error", "MD-GAN I", PAPER),
            Bar("mdgan-stage2/end_point_error", "MD-GAN II", PAPER),
        ),
        "{:.2f} px",
    ),
    "zero-grad-twice": Shown(
        "training",
        "The second critic follows all batches so far, the generator's steps included. Chapter 8 shows a run with this "
        "mistake.",
        "length of the used gradient over that of its own batch, step 10",
        (Bar("zeroed/norm_ratio/-1", "set to zero", PAPER), Bar("released/norm_ratio/-1", "released", CODE)),
        "{:.1f} ×",
    ),
    "first-skip-order": Shown(
        "nothing",
        "Only who loads released weights has to know.",
        "largest difference of the outputs",
        (Bar("largest_difference", "halves of the weights exchanged", CODE),),
        "{:.0e}",
        full=1,
    ),
    "critic-slope": Shown(
        "training",
        "One argument is missing, as in MD-GAN's file, from which it comes: another critic, though nothing measured "
        "here says a worse one.",
        "gradient that reaches the clips, an untrained critic",
        (
            Bar("gradient_reaching_the_clips/others", "slope 0.2", PAPER),
            Bar("gradient_reaching_the_clips/released", "released, 0.01", CODE),
        ),
        "{:.2g}",
    ),
    "spectral-norm": Shown(
        "training",
        "Another critic, and another generator at the start. Who builds from the paper alone leaves it out and cannot "
        "know it. Whether it helps was not measured.",
        "largest stretch of a layer of the untrained critic (conv5)",
        (
            Bar("largest_stretch/plain/conv5", "weights as they are", PAPER),
            Bar("largest_stretch/normalised/conv5", "released, normalised", CODE),
        ),
    ),
    "learning-rate": Shown(
        "training",
        "Who trains with a fixed rate as printed goes on moving where the authors' run stood nearly still.",
        "learning rate, in millionths",
        (
            Bar("highest", "fixed, as printed", PAPER),
            Bar("rate_in_epoch/44", "released, epoch 44", CODE),
            Bar("rate_in_epoch/45", "epoch 45", CODE),
            Bar("rate_in_epoch/55", "epoch 55", CODE),
        ),
        "{:.0f}",
        1e6,
    ),
    "attention-softmax": Shown(
        "nothing",
        "Columns or rows: a renaming of query and key. Whoever changes one of the two only has another model.",
        "largest difference of the maps",
        (
            Bar("map_difference", "released, with the names exchanged", CODE),
            Bar("difference_without_exchange", "names not exchanged", BESIDE),
        ),
        "{:.2g}",
        full=1,
    ),
    "checkpoint-names": Shown(
        "training",
        "Ten times the weight is another training; how different, was not measured. Which one made the tables, only "
        "the authors can tell.",
        "% of the length of the critic's gradient, at the clips of an untrained network",
        (
            Bar("share_of_the_critics_pull/L1/1", "L1, weight 1", PAPER),
            Bar("share_of_the_critics_pull/L1/10", "L1, if it were 10", BESIDE),
            Bar("share_of_the_critics_pull/1 - SSIM/1", "1 - SSIM, weight 1", CODE),
            Bar("share_of_the_critics_pull/1 - SSIM/10", "1 - SSIM, if 10", BESIDE),
        ),
        "{:.1f} %",
        100,
    ),
    "copy-first-beats-the-headline": Shown(
        "number",
        "The table cannot show that its networks beat a still picture, nor that they do not. One more row would tell.",
        "MSE (less is better), on different clips: not to be compared",
        (
            Bar("paper_best/mse", "paper's best, its clips", PAPER),
            Bar("copy_first/mse", "copy-first, 48 clips", BESIDE),
        ),
        "{:.4f}",
    ),
}
