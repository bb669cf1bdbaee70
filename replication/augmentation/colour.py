"""Colour jitter and grayscale, with strengths and an order of its own for each sample."""

import torch
from torch import Generator, Tensor

BRIGHTNESS, CONTRAST, SATURATION, HUE = range(4)  # torchvision's numbers of the four operations
GREY = (0.2989, 0.587, 0.114)  # torchvision's weights of red, green, blue


def draw_jitter(
    count: int, strengths: tuple[float, float, float, float], probability: float, generator: Generator
) -> tuple[Tensor, Tensor]:
    """Return random factors [count, 4] and orders [count, 4] of brightness, contrast, saturation and hue.

    The law is that of torchvision's ColorJitter(*strengths) applied with `probability`: factors uniform in
    [max(0, 1 - s), 1 + s], for hue a shift uniform in [-s, s], and a uniformly random order. Samples that are left out have
    factors (1, 1, 1, 0), which change nothing.
    """
    u = torch.rand(9, count, generator=generator, dtype=torch.float32, device=generator.device)
    chosen, factors = u[8] < probability, []
    for operation, strength in enumerate(strengths):
        neutral = 0.0 if operation == HUE else 1.0
        low = -strength if operation == HUE else max(0.0, 1 - strength)
        factors.append(torch.where(chosen, low + (neutral + strength - low) * u[operation], neutral))
    return torch.stack(factors, dim=1), u[4:8].T.argsort(1)


def jitter(images: Tensor, factors: Tensor, order: Tensor) -> Tensor:
    """Return `images` [B, 3, H, W] in [0, 1] after the four operations of each sample, in the order of each sample.

    Each operation is the one of torchvision.transforms.functional (adjust_brightness and so on) on floating-point images:
    values are clamped to [0, 1] after each. `factors[b, k]` is the factor of operation k, `order[b]` lists the operations.

    Hue costs most. So that it is computed once and without grouping samples, which would make a GPU wait, the other three
    run twice: a sample takes before its hue shift those that its order puts there, and the rest after it.
    """
    hue_place = (order == HUE).int().argmax(1, keepdim=True)
    places = torch.arange(3, dtype=torch.int64, device=order.device)
    others = order.gather(1, places + (places >= hue_place))  # the order of the three without hue
    amounts = factors.gather(1, others)
    before = places < hue_place
    first, second = torch.where(before, amounts, 1), torch.where(before, 1, amounts)
    # Each of the three pulls towards a reference: black, the mean grey of the image, or each pixel's grey.
    to_mean, to_own = ((others == operation).to(images.dtype) for operation in (CONTRAST, SATURATION))
    for step in range(3):
        images = _blend(images, first[:, step], to_mean[:, step], to_own[:, step])
    images = shift_hue(images, factors[:, HUE])
    for step in range(3):
        images = _blend(images, second[:, step], to_mean[:, step], to_own[:, step])
    return images


def _blend(images: Tensor, factor: Tensor, to_mean: Tensor, to_own: Tensor) -> Tensor:
    own = grey(images)
    mean = own.mean((1, 2))
    reference = own.mul_(to_own.view(-1, 1, 1)).add_((mean * to_mean).view(-1, 1, 1))
    return torch.lerp(reference.unsqueeze(1), images, factor.view(-1, 1, 1, 1)).clamp_(0, 1)


def grey(images: Tensor) -> Tensor:
    """Return the luminance [B, H, W] of `images` [B, 3, H, W]."""
    red, green, blue = images.unbind(1)
    return (red * GREY[0]).add_(green, alpha=GREY[1]).add_(blue, alpha=GREY[2])


def to_grey(images: Tensor, chosen: Tensor) -> Tensor:
    """Return `images` [B, 3, H, W] with the samples `chosen` (bool [B]) turned grey, in three equal channels."""
    return torch.lerp(images, grey(images).unsqueeze(1), chosen.view(-1, 1, 1, 1).to(images.dtype))


def shift_hue(images: Tensor, shift: Tensor) -> Tensor:
    """Return `images` [B, 3, H, W] with the hue of each sample turned by `shift` [B], in turns (-0.5 to 0.5).

    torchvision's adjust_hue, without its masks, which are slow. Let m be the smallest of the three channels and C their spread.
    The hue h on the hexagon [0, 6) is 1 + (green + blue - red - m) / C where green >= blue, and 6 minus that elsewhere. Back,
    a colour is m + C * (|h - 3| - 1, 2 - |h - 2|, 2 - |h - 4|), the brackets clamped to [0, 1].
    """
    red, green, blue = images.unbind(1)
    smallest = torch.minimum(torch.minimum(red, green), blue)
    spread = torch.maximum(torch.maximum(red, green), blue).sub_(smallest)
    half_turn = (green + blue).sub_(red).sub_(smallest).div_(spread.clamp_min(1e-20)).add_(1)  # grey: 1, as good as any
    hue = half_turn.copysign_(green - blue).add_(6 * shift.view(-1, 1, 1))
    hue.sub_((hue / 6).floor_().mul_(6))
    result = torch.empty_like(images)
    for channel, (centre, sign, offset) in enumerate(((3, 1, -1), (2, -1, 2), (4, -1, 2))):
        ramp = (hue - centre).abs_().mul_(sign).add_(offset).clamp_(0, 1)
        torch.addcmul(smallest, spread, ramp, out=result[:, channel])
    return result
