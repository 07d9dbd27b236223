"""Writes squares.json: SHA-256 of squares that Pillow makes of noise, which our resizes are compared with.

    python make_squares.py > squares.json        # Pillow 13.0.0

crop is torchvision 0.29.1's Resize (with _compute_resized_output_size) and CenterCrop on Pillow's images, stretch its
Resize((size, size)), and pad Pillow's ImageOps.pad(image, (size, size), method).
"""

import hashlib
import json
import random

import PIL
from PIL import Image, ImageOps

NOISE = 1_000_003


def noise():
    """Of a generator that is easily written again: test/data/geometry/noise.ts."""
    state = 7
    out = bytearray(NOISE)
    for i in range(NOISE):
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        out[i] = state >> 24
    return bytes(out)


def cropped(image, resize, size, method):
    width, height = image.size
    short, long = min(width, height), max(width, height)
    long = int(resize * long / short)
    new = (resize, long) if width <= height else (long, resize)
    if new != image.size:
        image = image.resize(new, method)
    width, height = image.size
    if size > width or size > height:
        image = ImageOps.expand(
            image,
            border=(
                max(0, (size - width) // 2),
                max(0, (size - height) // 2),
                max(0, (size - width + 1) // 2),
                max(0, (size - height + 1) // 2),
            ),
            fill=0,
        )
        width, height = image.size
    top = int(round((height - size) / 2.0))
    left = int(round((width - size) / 2.0))
    return image.crop((left, top, left + size, top + size))


def square(image, resize, size, fit, method):
    if fit == "pad":
        return ImageOps.pad(image, (size, size), method)
    if fit == "stretch":
        return image.resize((size, size), method) if image.size != (size, size) else image
    return cropped(image, resize, size, method)


def shapes(draw):
    yield from [(224, 224), (1, 1), (1, 300), (300, 1), (1000, 1), (1, 1000), (449, 1), (447, 1), (2, 3), (257, 513)]
    yield from [(257, 514), (257, 515), (513, 257), (640, 480), (480, 640), (1024, 1023), (299, 300), (96, 64)]
    for _ in range(22):
        yield draw.randint(1, 700), draw.randint(1, 700)
    for _ in range(6):
        yield draw.randint(150, 400), draw.randint(500, 1600)  # tall: Pillow 13 goes vertically first in some
        yield draw.randint(500, 1600), draw.randint(150, 400)


def main():
    data = noise()
    draw = random.Random(3)
    cases = []
    for width, height in shapes(draw):
        length = width * height * 3
        image = Image.frombytes("RGB", (width, height), (data * (length // NOISE + 1))[:length])
        resize, size = draw.choice([(256, 224), (232, 224), (64, 64), (366, 320), (37, 33), (1, 1)])
        for fit in ("crop", "pad", "stretch"):
            for interpolation in ("bilinear", "bicubic"):
                made = square(image, resize, size, fit, Image.Resampling[interpolation.upper()])
                assert made.size == (size, size)
                digest = hashlib.sha256(made.tobytes()).hexdigest()
                cases.append([width, height, resize, size, fit, interpolation, digest])
    lines = ",\n".join("    " + json.dumps(case) for case in cases)
    print(f'{{\n  "pillow": "{PIL.__version__}",\n  "cases": [\n{lines}\n  ]\n}}')


main()
