"""Images per second of Pillow and torchvision: decode, resize, centre crop, as uint8, in worker processes.

The clock runs from the start of the workers to the last batch: their start is part of the work.
"""

import argparse
import hashlib
import os
import time

from torch.utils.data import ConcatDataset, DataLoader
from torchvision import transforms
from torchvision.datasets import ImageFolder

from common import CROP, RESIZE, emit

parser = argparse.ArgumentParser()
parser.add_argument("data")
parser.add_argument("--passes", type=int, required=True)
parser.add_argument("--workers", type=int, required=True)
args = parser.parse_args()

transform = transforms.Compose([transforms.Resize(RESIZE), transforms.CenterCrop(CROP), transforms.PILToTensor()])
once = ConcatDataset([ImageFolder(os.path.join(args.data, split), transform) for split in ("train", "val")])
loader = DataLoader(ConcatDataset([once] * args.passes), 64, num_workers=args.workers)

started = time.perf_counter()
batches = [images for images, _ in loader]
seconds = time.perf_counter() - started
count = sum(len(batch) for batch in batches)

digest = hashlib.sha256()
for batch in batches:
    digest.update(batch.permute(0, 2, 3, 1).contiguous().numpy().tobytes())
emit("result", images=count, seconds=seconds, sha256=digest.hexdigest())
