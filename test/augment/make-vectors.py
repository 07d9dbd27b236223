"""Writes vectors.json: what torchvision makes of the images of images.ts.

Needs torchvision 0.29.1, Pillow 13.0.0 and a CPU build of torch:

    python make-vectors.py > vectors.json

Only torchvision's Python is asked; of its compiled operators none is needed, so that they may be for another torch.
"""

import hashlib
import json
import sys
import types

# Registers what only the compiled operators have.
sys.modules["torchvision._meta_registrations"] = types.ModuleType("torchvision._meta_registrations")

import PIL  # noqa: E402
import torch  # noqa: E402
import torchvision  # noqa: E402
from PIL import Image  # noqa: E402
from torchvision.transforms import InterpolationMode, RandAugment, TrivialAugmentWide  # noqa: E402
from torchvision.transforms import autoaugment  # noqa: E402
from torchvision.transforms import functional as F  # noqa: E402
from torchvision.transforms.v2 import CutMix, MixUp  # noqa: E402


def noise(width, height):
    values = bytes((((i * 7919 + (i >> 3) * 104729) & 0xFFFFFFFF) >> 3) & 255 for i in range(width * height * 3))
    return Image.frombytes("RGB", (width, height), values)


def by_pixel(width, height, color):
    values = bytes(v & 255 for y in range(height) for x in range(width) for v in color(x, y))
    return Image.frombytes("RGB", (width, height), values)


IMAGES = {
    "noise": noise(61, 47),
    "smooth": by_pixel(64, 64, lambda x, y: (x * 3 + y, (x * x + 2 * y) >> 3, 255 - x - 3 * y)),
    "colors": by_pixel(256, 256, lambda x, y: (x, y, x * 7 + y * 13)),
    "narrow": by_pixel(50, 40, lambda x, y: (60 + x, 90 + (x * y) // 40, 200 - y)),
    "flat": by_pixel(9, 7, lambda x, y: (200, 17, 0)),
    "lean": noise(2, 30),
}

cases = []


def case(name, values, change, images=("noise", "smooth", "colors", "narrow", "flat", "lean"), bilinear=False, fill=(0, 0, 0)):
    for image in images:
        made = change(IMAGES[image])
        assert made.mode == "RGB" and made.size == IMAGES[image].size
        sha = hashlib.sha256(made.tobytes()).hexdigest()[:16]
        cases.append({"name": name, "values": values, "image": image, "bilinear": bilinear, "fill": list(fill), "sha": sha})


case("horizontal-flip", [], F.hflip)
case("vertical-flip", [], F.vflip)
for factor in (0, 0.25, 0.7, 1, 1.01, 1.3, 1.9, 3.7):
    case("brightness", [factor], lambda i, f=factor: F.adjust_brightness(i, f))
    case("contrast", [factor], lambda i, f=factor: F.adjust_contrast(i, f))
    case("saturation", [factor], lambda i, f=factor: F.adjust_saturation(i, f))
    case("sharpness", [factor], lambda i, f=factor: F.adjust_sharpness(i, f))
for turns in (-0.5, -0.31, -0.1, -0.001, 0, 0.001, 0.07, 0.25, 0.5):
    case("hue", [turns], lambda i, t=turns: F.adjust_hue(i, t))
case("grayscale", [], lambda i: F.to_grayscale(i, 3))
for bits in (0, 1, 2, 4, 5, 7, 8):
    # ImageOps.posterize takes 1 to 8; TrivialAugmentWide's magnitudes go from 8 to 2, RandAugment's to 4.
    if bits > 0:
        case("posterize", [bits], lambda i, b=bits: F.posterize(i, b))
for threshold in (0, 93.5, 128, 255):
    case("solarize", [threshold], lambda i, t=threshold: F.solarize(i, t))
case("autocontrast", [], F.autocontrast)
case("equalize", [], F.equalize)

for bilinear in (False, True):
    mode = InterpolationMode.BILINEAR if bilinear else InterpolationMode.NEAREST
    for fill in ((0, 0, 0), (124, 7, 255)):
        style = {"bilinear": bilinear, "fill": fill}
        options = {"interpolation": mode, "fill": list(fill)}
        for degrees in (-135, -90, -17.3, -0.4, 0, 7.25, 30, 45, 90, 180, 359.5):
            case("rotate", [degrees], lambda i, d=degrees: F.rotate(i, d, **options), **style)
        for degrees, x, y, scale, shear_x, shear_y in (
            (0, 0, 0, 1, 0, 0),
            (0, 7, -3, 1, 0, 0),
            (0, 0, 0, 1.37, 0, 0),
            (0, -2, 5, 0.61, 0, 0),
            (12.5, 3, -4, 1.1, 8, 0),
            (-33, -10, 2, 0.8, -15, 6),
            (90, 0, 0, 1, 0, 0),
        ):
            case(
                "affine",
                [degrees, x, y, scale, shear_x, shear_y],
                lambda i, p=(degrees, [x, y], scale, [shear_x, shear_y]): F.affine(i, *p, **options),
                **style,
            )
        names = list(TrivialAugmentWide()._augmentation_space(31).keys())
        magnitudes = {"Posterize": [3.0, 8.0], "Solarize": [76.5], "Rotate": [-94.5, 27.0], "TranslateX": [-31.9, 12.4]}
        magnitudes["TranslateY"] = magnitudes["TranslateX"]
        for at, name in enumerate(names):
            for magnitude in magnitudes.get(name, [-0.6, 0.27]):
                case(
                    "operation",
                    [at, magnitude],
                    lambda i, n=name, m=magnitude: autoaugment._apply_op(i, n, m, mode, list(fill)),
                    images=("noise", "smooth"),
                    **style,
                )


def magnitudes_of(space):
    return {name: (values.tolist() if values.ndim else 0) for name, (values, _) in space.items()}


torch.manual_seed(5)
images = torch.rand(3, 3, 4, 4)
labels = torch.tensor([2, 0, 2])
mixes = []
for own in (0.0, 0.3, 0.75, 1.0):
    mix = MixUp(num_classes=4)
    mix.make_params = lambda _, lam=own: {"lam": lam}
    made, targets = mix(images, labels)
    mixes.append({"own": own, "part": [], "images": made.flatten().tolist(), "targets": targets.flatten().tolist()})
for box in ((1, 0, 3, 3), (0, 2, 4, 4), (2, 2, 2, 4)):
    mix = CutMix(num_classes=4)
    own = 1 - (box[2] - box[0]) * (box[3] - box[1]) / 16
    mix.make_params = lambda _, box=box, own=own: {"box": box, "lam_adjusted": own}
    made, targets = mix(images, labels)
    part = [box[0], box[1], box[2] - box[0], box[3] - box[1]]
    mixes.append({"own": own, "part": part, "images": made.flatten().tolist(), "targets": targets.flatten().tolist()})

json.dump(
    {
        "versions": {"torchvision": torchvision.__version__, "pillow": PIL.__version__},
        "images": {name: hashlib.sha256(image.tobytes()).hexdigest()[:16] for name, image in IMAGES.items()},
        "cases": cases,
        "magnitudes": {
            "trivial-augment": magnitudes_of(TrivialAugmentWide()._augmentation_space(31)),
            "rand-augment": magnitudes_of(RandAugment()._augmentation_space(31, (224, 224))),
        },
        "batch": {"images": images.flatten().tolist(), "targets": labels.tolist(), "mixes": mixes},
    },
    sys.stdout,
    indent=1,
)
print()
