"""What the peers share."""

import json
import sys

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
RESIZE = 256
CROP = 224


def emit(kind, **fields):
    """Prints one record for bench/run.js."""
    sys.stdout.write(json.dumps({"kind": kind, **fields}) + "\n")
    sys.stdout.flush()


def read_crops(file, count):
    """The first `count` uint8 crops of a file that bench/ours/crops.js wrote, as [count, 3, 224, 224]."""
    import numpy
    import torch

    crops = numpy.fromfile(file, dtype=numpy.uint8, count=count * CROP * CROP * 3)
    return torch.from_numpy(crops).view(count, CROP, CROP, 3).permute(0, 3, 1, 2)


def normalize(crops):
    """What ToTensor and Normalize make of uint8 crops."""
    import torch

    mean = torch.tensor(MEAN).view(1, 3, 1, 1)
    std = torch.tensor(STD).view(1, 3, 1, 1)
    return (crops.to(torch.float32) / 255 - mean) / std


def autocast(device, precision):
    """bfloat16 where it is asked for, as a PyTorch user gets it."""
    import torch

    return torch.autocast(device, dtype=torch.bfloat16, enabled=precision == "bf16")


def synchronize(device):
    """Waits for the GPU, so that its work counts."""
    if device == "cuda":
        import torch

        torch.cuda.synchronize()
