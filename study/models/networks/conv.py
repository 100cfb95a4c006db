"""Convolutions of 4×4 with stride 2 down to 2×2 pixels, one affine map to the codes; the decoder is the transpose.

This is roughly the network of :cite:`ghosh2020`, which later benchmarks adopted: 128, 256, 512 and 1024 channels on
28×28 or 32×32 pixels. Two things differ: there is no batch normalisation, whose running averages would be state beside
the parameters, and the decoder mirrors the encoder. If the shorter side of an image is down to 2 pixels before the last
layer, as for digits of 8×8, the remaining layers have stride 1.

A convolution is computed as a matrix product with the patches of an image, and a transposed convolution as a product
whose patches are added up to an image. A program of many cells then runs batched matrix products; XLA's convolutions
with different weights per cell would be grouped ones. On a CPU, inside a scan, a step of 32, 64 and 128 channels took a
seventeenth of the time of XLA's convolutions. It is still costly: on two busy cores a step of 128 images of 28×28 took
0.05 s per model with 16, 32 and 64 channels, 0.16 s with twice as many, and 2.3 s with the default, which is meant for
a GPU; an mlp took 0.01 s.
"""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float

from study.errors import StudyError

KERNEL, LEAST = 4, 2


class ConvEncoder(nnx.Module):
    """Images to codes; context columns become channels that are constant over the image."""

    def __init__(
        self, shape: Sequence[int], channels: Sequence[int], latent_dim: int, *, context: int, rngs: nnx.Rngs
    ):
        height, width, self.depth = image_shape(shape)
        self.sides = tuple(sides(height, width, len(channels)))
        steps = zip([self.depth + context, *channels[:-1]], channels, strict=True)
        self.layers = nnx.List([nnx.Linear(KERNEL**2 * a, b, rngs=rngs) for a, b in steps])
        (height, width), _ = self.sides[-1]
        self.codes = nnx.Linear(height * width * channels[-1], 2 * latent_dim, rngs=rngs)

    def __call__(self, x: Float[Array, "B inputs"]) -> tuple[Float[Array, "B d"], Float[Array, "B d"]]:
        """x of D data dimensions and c columns of context -> mean and log-variance."""
        (height, width), _ = self.sides[0]
        size = height * width * self.depth
        image, context = x[:, :size].reshape(-1, height, width, self.depth), x[:, size:]
        spread = jnp.broadcast_to(context[:, None, None, :], (len(x), height, width, context.shape[1]))
        image = jnp.concatenate([image, spread], axis=-1)
        for layer, (_, stride) in zip(self.layers, self.sides[1:], strict=True):
            image = jax.nn.relu(layer(patches(image, stride)))
        mean, log_var = jnp.split(self.codes(image.reshape(len(x), -1)), 2, axis=-1)
        return mean, log_var


class ConvDecoder(nnx.Module):
    """Codes to images: the layers of the encoder, transposed and in reverse order."""

    def __init__(self, shape: Sequence[int], channels: Sequence[int], inputs: int, *, rngs: nnx.Rngs):
        height, width, depth = image_shape(shape)
        self.sides = tuple(sides(height, width, len(channels)))
        (height, width), _ = self.sides[-1]
        self.start = nnx.Linear(inputs, height * width * channels[-1], rngs=rngs)
        steps = list(zip([depth, *channels[:-1]], channels, self.sides[1:], strict=True))[::-1]
        # the scale is reduced because (4 / stride)² products are added up in each output pixel
        self.layers = nnx.List(
            [
                nnx.Linear(
                    b,
                    KERNEL**2 * a,
                    use_bias=False,
                    kernel_init=nnx.initializers.variance_scaling(
                        (stride / KERNEL) ** 2, "fan_in", "truncated_normal"
                    ),
                    rngs=rngs,
                )
                for a, b, (_, stride) in steps
            ]
        )
        self.biases = nnx.List([nnx.Param(jnp.zeros((a,))) for a, _, _ in steps])

    def __call__(self, z: Float[Array, "B inputs"]) -> Float[Array, "B D"]:
        """z of d dimensions and c columns of context -> decoder output."""
        (height, width), _ = self.sides[-1]
        image = self.start(z).reshape(len(z), height, width, -1)
        targets = [side for side, _ in self.sides[-2::-1]]
        strides = [stride for _, stride in self.sides[:0:-1]]
        for layer, bias, target, stride in zip(self.layers, self.biases, targets, strides, strict=True):
            made = unpatch(layer(jax.nn.relu(image)), target, stride)
            image = made + bias[...][None, None, None, :]
        return image.reshape(len(z), -1)


def image_shape(shape: Sequence[int]) -> tuple[int, int, int]:
    """Height, width and channels of an image's shape.

    Raises:
        StudyError: it is not the shape of an image.
    """
    if len(shape) not in (2, 3) or min(shape[:2]) < KERNEL:
        raise StudyError(
            f"network 'conv': needs images of {KERNEL} by {KERNEL} pixels or more, got examples of shape "
            f"{list(shape)}; choose network 'mlp'"
        )
    return shape[0], shape[1], shape[2] if len(shape) == 3 else 1


def sides(height: int, width: int, layers: int) -> list[tuple[tuple[int, int], int]]:
    """Height and width of the input and after each layer, each with the stride of the layer before it."""
    found = [((height, width), 1)]
    for _ in range(layers):
        stride = 2 if min(height, width) > LEAST else 1
        height, width = -(-height // stride), -(-width // stride)
        found.append(((height, width), stride))
    return found


def patches(image: Float[Array, "B H W C"], stride: int) -> Float[Array, "B h w 16*C"]:
    """h = ⌈H/stride⌉, w = ⌈W/stride⌉: the patches of a 4×4 kernel, zeros beyond the edges."""
    out, pads = [], []
    for side in image.shape[1:3]:
        n = -(-side // stride)
        missing = max((n - 1) * stride + KERNEL - side, 0)
        out.append(n)
        pads.append((missing // 2, missing - missing // 2))
    padded = jnp.pad(image, [(0, 0), *pads, (0, 0)])
    ends = [(n - 1) * stride + 1 for n in out]
    parts = [
        padded[:, i : i + ends[0] : stride, j : j + ends[1] : stride]
        for i in range(KERNEL)
        for j in range(KERNEL)
    ]
    return jnp.concatenate(parts, axis=-1)


def unpatch(
    parts: Float[Array, "B h w patch"], side: tuple[int, int], stride: int
) -> Float[Array, "B H W C"]:
    """The transpose of `patches`, for an image of `side` H and W: overlaps added up."""
    shape = jax.ShapeDtypeStruct((len(parts), *side, parts.shape[-1] // KERNEL**2), parts.dtype)
    (image,) = jax.linear_transpose(lambda image: patches(image, stride), shape)(parts)
    return image
