"""Photographs per second of torchvision and a DataLoader; `pipeline.py` starts this.

    python benchmarks/torch_loader.py FOLDER SIDE BATCH WARM_UP MEASURED

It does what our training batches are: a random square of a JPEG, reduced with antialiasing,
mirrored at random, in Lab. Prints its versions and the rate.
"""

import itertools
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import torch
import torchvision
from torch.utils import data
from torchvision import io
from torchvision.transforms import v2

RGB_TO_XYZ = torch.tensor(
    [
        [0.412453, 0.357580, 0.180423],
        [0.212671, 0.715160, 0.072169],
        [0.019334, 0.119193, 0.950227],
    ]
)
WHITE = torch.tensor([0.95047, 1.0, 1.08883])


class Photographs(data.Dataset):
    """Squares of JPEGs; uint8 (3, side, side)."""

    def __init__(self, paths: list[Path], side: int) -> None:
        self._paths = paths
        # Our squares have 0.8 to 1 of the short side; of 4:3 that is 0.48 to 0.75 of the area.
        crop = v2.RandomResizedCrop(side, scale=(0.48, 0.75), ratio=(1, 1), antialias=True)
        self._change = v2.Compose([crop, v2.RandomHorizontalFlip()])

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, index: int) -> torch.Tensor:
        return self._change(io.decode_image(str(self._paths[index]), io.ImageReadMode.RGB))


def lab(rgb: torch.Tensor) -> torch.Tensor:
    """uint8 (n, 3, h, w) -> CIE Lab, float32."""
    encoded = rgb.float() / 255
    linear = torch.where(encoded > 0.04045, ((encoded + 0.055) / 1.055) ** 2.4, encoded / 12.92)
    xyz = torch.einsum("ij,njhw->nihw", RGB_TO_XYZ / WHITE[:, None], linear)
    root = torch.where(xyz > 0.008856, xyz ** (1 / 3), 7.787 * xyz + 16 / 116)
    x, y, z = root.unbind(1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], 1)


def batches(folder: Path, side: int, batch: int) -> Iterator[torch.Tensor]:
    """Lab batches without an end."""
    loader = data.DataLoader(
        Photographs(sorted(folder.rglob("*.jpg")), side),
        batch,
        shuffle=True,
        num_workers=len(os.sched_getaffinity(0)),
        drop_last=True,
        persistent_workers=True,
    )
    while True:
        yield from map(lab, loader)


def main() -> None:
    """Measures."""
    folder, (side, batch, warm_up, measured) = sys.argv[1], map(int, sys.argv[2:])
    endless = batches(Path(folder), side, batch)
    list(itertools.islice(endless, warm_up // batch))
    began = time.perf_counter()
    list(itertools.islice(endless, measured // batch))
    rate = measured / (time.perf_counter() - began)
    versions = {"torch": torch.__version__, "torchvision": torchvision.__version__}
    print(json.dumps({"rate": rate, "versions": versions}))


if __name__ == "__main__":
    main()
