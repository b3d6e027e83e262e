"""pix2pix in PyTorch: the networks and the train step that tfcolor is compared with.

They are written from the paper (arXiv:1611.07004, 3 and 6.1), as one would for a CPU: channels
last, and no gradients that are not used. Both frameworks in one process crash (PyTorch 2.14), so
`measure.torch_call` runs this file in another one.
"""

import itertools
import os
import sys
from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils import fusion

L1_WEIGHT = 100.0

torch.set_num_threads(len(os.sched_getaffinity(0)))


class UNet(nn.Module):
    """The generator: l (n, 1, h, w) -> ab (n, 2, h, w)."""

    def __init__(self, width: int = 64, depth: int = 8) -> None:
        super().__init__()
        channels = [width * min(2**level, 8) for level in range(depth)]
        self.down, self.up = nn.ModuleList(), nn.ModuleList()
        before = 1
        for level, count in enumerate(channels):
            normalized = 0 < level < depth - 1
            block: list[nn.Module] = [nn.LeakyReLU(0.2)] if level else []
            block.append(nn.Conv2d(before, count, 4, 2, 1, bias=not normalized))
            if normalized:
                block.append(nn.BatchNorm2d(count))
            self.down.append(nn.Sequential(*block))
            before = count
        for index, level in enumerate(reversed(range(depth - 1))):
            count = channels[level]
            block = [nn.ReLU(), nn.ConvTranspose2d(before, count, 4, 2, 1, bias=False)]
            block.append(nn.BatchNorm2d(count))
            if index < 3:
                block.append(nn.Dropout(0.5))
            self.up.append(nn.Sequential(*block))
            before = 2 * count
        self.last = nn.Sequential(nn.ReLU(), nn.ConvTranspose2d(before, 2, 4, 2, 1), nn.Tanh())

    def forward(self, l: torch.Tensor) -> torch.Tensor:
        """Runs the network."""
        skips, x = [], l
        for block in self.down:
            x = block(x)
            skips.append(x)
        for block, skip in zip(self.up, reversed(skips[:-1]), strict=True):
            x = torch.cat([block(x), skip], 1)
        return self.last(x)


def patchgan(width: int = 64) -> nn.Module:
    """The discriminator: l and ab as one (n, 3, h, w) -> logits (n, 1, h/8 - 2, w/8 - 2)."""
    layers: list[nn.Module] = [nn.Conv2d(3, width, 4, 2, 1), nn.LeakyReLU(0.2)]
    for multiple, stride in ((1, 2), (2, 2), (4, 1)):
        layers.append(nn.Conv2d(width * multiple, 2 * width * multiple, 4, stride, 1, bias=False))
        layers += [nn.BatchNorm2d(2 * width * multiple), nn.LeakyReLU(0.2)]
    return nn.Sequential(*layers, nn.Conv2d(8 * width, 1, 4, 1, 1))


def generator_call(size: int, batch: int) -> Callable[[], object]:
    """A pass of the generator in inference, with batch normalizations folded as ours."""
    generator = _fast(_folded(UNet().eval()))
    l = _fast(torch.rand(batch, 1, size, size))

    def call() -> object:
        with torch.inference_mode():
            return generator(l)

    return call


def train_step_call(size: int, batch: int) -> Callable[[], object]:
    """A train step: the discriminator's update, then the generator's."""
    generator, discriminator = _fast(UNet()), _fast(patchgan())
    g_optimizer, d_optimizer = (
        torch.optim.Adam(network.parameters(), 2e-4, betas=(0.5, 0.999))
        for network in (generator, discriminator)
    )
    l, ab = (_fast(torch.rand(batch, count, size, size) * 2 - 1) for count in (1, 2))

    def call() -> object:
        fake_ab = generator(l)  # the step's only generator pass

        discriminator.requires_grad_(True)
        d_optimizer.zero_grad(set_to_none=True)
        real_logits = discriminator(torch.cat([l, ab], 1))
        fake_logits = discriminator(torch.cat([l, fake_ab.detach()], 1))
        (0.5 * (_cross_entropy(real_logits, 1.0) + _cross_entropy(fake_logits, 0.0))).backward()
        d_optimizer.step()

        discriminator.requires_grad_(False)  # its weights' gradients would be thrown away
        g_optimizer.zero_grad(set_to_none=True)
        g_gan = _cross_entropy(discriminator(torch.cat([l, fake_ab], 1)), 1.0)
        g_loss = g_gan + L1_WEIGHT * functional.l1_loss(fake_ab, ab)
        g_loss.backward()
        g_optimizer.step()
        return g_loss.item()

    return call


def _folded(network: nn.Module) -> nn.Module:
    blocks = [block for block in network.modules() if isinstance(block, nn.Sequential)]
    for block in blocks:
        for index, (layer, norm) in enumerate(itertools.pairwise(list(block))):
            if isinstance(norm, nn.BatchNorm2d):
                transposed = isinstance(layer, nn.ConvTranspose2d)
                block[index] = fusion.fuse_conv_bn_eval(layer, norm, transposed)
                block[index + 1] = nn.Identity()
    return network


def _cross_entropy(logits: torch.Tensor, label: float) -> torch.Tensor:
    return functional.binary_cross_entropy_with_logits(logits, torch.full_like(logits, label))


def _fast(x):  # type: ignore[no-untyped-def]
    return x.to(memory_format=torch.channels_last)


def main() -> None:
    """Prints PyTorch's version; then makes a call for each line that it reads, and answers it."""
    kind, size, batch = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    call = {"generator": generator_call, "train_step": train_step_call}[kind](size, batch)
    print(torch.__version__, flush=True)
    for _ in sys.stdin:
        call()
        print(flush=True)


if __name__ == "__main__":
    main()
