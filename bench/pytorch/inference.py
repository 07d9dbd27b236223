"""Images per second of ResNet-50 on crops that are ready as normalised tensors."""

import argparse
import time

import torch
from torchvision import models

from common import autocast, emit, normalize, read_crops, synchronize

parser = argparse.ArgumentParser()
parser.add_argument("weights")
parser.add_argument("crops")
parser.add_argument("--classes", type=int, required=True)
parser.add_argument("--count", type=int, required=True)
parser.add_argument("--passes", type=int, default=1)
parser.add_argument("--checked", type=int, required=True)
parser.add_argument("--batch-size", type=int, required=True)
parser.add_argument("--threads", type=int)
parser.add_argument("--device", default="cpu")
parser.add_argument("--precision", default="fp32")
parser.add_argument("--compile", metavar="MODE", help="torch.compile in this mode, such as default or max-autotune")
args = parser.parse_args()
if args.threads:
    torch.set_num_threads(args.threads)

layout = torch.channels_last
model = models.resnet50(weights=None, num_classes=args.classes)
model.load_state_dict(torch.load(args.weights, weights_only=True))
model = model.eval().to(args.device, memory_format=layout)
if args.compile:
    model = torch.compile(model, mode=args.compile)
images = normalize(read_crops(args.crops, args.count)).contiguous(memory_format=layout)
batches = images.to(args.device).split(args.batch_size)

with torch.inference_mode(), autocast(args.device, args.precision):
    for _ in range(3 if args.device == "cuda" else 1):
        model(batches[0])
    synchronize(args.device)
    started = time.perf_counter()
    for _ in range(args.passes):
        logits = [model(batch) for batch in batches]
    synchronize(args.device)
    seconds = time.perf_counter() - started
checked = torch.cat(logits)[: args.checked].float().cpu()
emit("result", images=args.count * args.passes, seconds=seconds, logits=checked.flatten().tolist())
