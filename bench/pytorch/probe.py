"""Prints what the benchmark needs to know of this environment."""

import os
import platform

import PIL
import torch
import torchvision

from common import emit

cuda = torch.cuda.is_available()
emit(
    "environment",
    versions={
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "pillow": PIL.__version__,
    },
    libtorch=os.path.dirname(torch.__file__),
    gpu=torch.cuda.get_device_name(0) if cuda else None,
)
