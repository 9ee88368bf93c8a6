"""Everything that is measured of predicted clips, in one table with its conventions named. Chapter 09."""

from dataclasses import dataclass

import torch
from torch import Tensor

from ssagan_lite.errors import InputError
from ssagan_lite.evaluation import metrics, motion

CONVENTION = (
    "frames in [-1, 1], data range 2, SSIM with a uniform 7x7 window and sample covariance, per frame, then the mean "
    "over frames and clips; identical frames are left out of the mean PSNR; flow is DIS over 8-frame gaps"
)


@dataclass(frozen=True)
class Scores:
    """Scores of N predicted clips: mse, psnr (dB) and ssim are (N, T), the motion scores (N,).

    energy, true_energy: motion energy of prediction and target. flow, true_flow: their mean displacement in pixels over
    8 frames. end_point_error: the distance between the two displacements in pixels.
    """

    mse: Tensor
    psnr: Tensor
    ssim: Tensor
    energy: Tensor
    true_energy: Tensor
    flow: Tensor
    true_flow: Tensor
    end_point_error: Tensor

    def summary(self) -> dict[str, dict[str, float] | float]:
        """Plain numbers: distortion over all frames and over frames 1..T-1 (frame 0 was given), and motion."""
        return {
            "clips": len(self.mse),
            "frames_1_on": self._distortion(slice(1, None)),
            "all_frames": self._distortion(slice(None)),
            "motion_energy_ratio": (self.energy.mean() / self.true_energy.mean()).item(),
            "flow_magnitude_ratio": (self.flow.mean() / self.true_flow.mean()).item(),
            "end_point_error": self.end_point_error.mean().item(),
            "end_point_error_of_no_flow": self.true_flow.mean().item(),
        }

    def _distortion(self, frames: slice) -> dict[str, float]:
        values = self.psnr[:, frames]
        return {
            "mse": self.mse[:, frames].mean().item(),
            "psnr": metrics.mean_psnr(values).item(),
            "ssim": self.ssim[:, frames].mean().item(),
            "identical_frames": int(values.isinf().sum()),
        }


def score_clips(prediction: Tensor, target: Tensor) -> Scores:
    """Score predictions against targets, both (N, 3, T, H, W) in [-1, 1].

    Raises InputError for shapes that cannot be compared, for predictions that hold NaN, and for fewer than two frames
    or 12 pixels a side.
    """
    if not prediction.isfinite().all():
        raise InputError("the predictions hold NaN or infinite numbers, which have no score; train again.")
    return Scores(
        mse=metrics.mse(prediction, target),
        psnr=metrics.psnr(prediction, target),
        ssim=metrics.ssim(prediction, target),
        energy=metrics.motion_energy(prediction),
        true_energy=metrics.motion_energy(target),
        flow=motion.flow_magnitude(prediction),
        true_flow=motion.flow_magnitude(target),
        end_point_error=motion.end_point_error(prediction, target),
    )


def gather(parts: list[Scores]) -> Scores:
    """The scores of several batches as those of one set."""
    return Scores(**{name: torch.cat([getattr(part, name) for part in parts]) for name in Scores.__dataclass_fields__})
