"""Images per second of training steps of ResNet-50 on batches that are ready as normalised tensors."""

import argparse
import time

import torch
from torch import nn
from torchvision import models

from common import autocast, emit, normalize, read_crops, synchronize

parser = argparse.ArgumentParser()
parser.add_argument("crops")
parser.add_argument("--classes", type=int, required=True)
parser.add_argument("--batch-size", type=int, required=True)
parser.add_argument("--warm", type=int, required=True, help="steps before the clock starts")
parser.add_argument("--steps", type=int, required=True, help="steps that are timed")
parser.add_argument("--threads", type=int)
parser.add_argument("--device", default="cpu")
parser.add_argument("--precision", default="fp32")
parser.add_argument("--channels-last", action="store_true")
parser.add_argument("--compile", metavar="MODE", help="torch.compile in this mode, such as default or max-autotune")
args = parser.parse_args()
if args.threads:
    torch.set_num_threads(args.threads)
torch.manual_seed(0)

layout = torch.channels_last if args.channels_last else torch.contiguous_format
model = models.resnet50(weights=None)
model.fc = nn.Linear(model.fc.in_features, args.classes)
model = model.train().to(args.device, memory_format=layout)
run = torch.compile(model, mode=args.compile) if args.compile else model
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.5)
criterion = nn.CrossEntropyLoss()
images = normalize(read_crops(args.crops, args.batch_size)).contiguous(memory_format=layout).to(args.device)
targets = (torch.arange(args.batch_size) % args.classes).to(args.device)


def step():
    optimizer.zero_grad()
    with autocast(args.device, args.precision):
        loss = criterion(run(images), targets)
    loss.backward()
    optimizer.step()
    return loss


first = step().item()
for _ in range(args.warm - 1):
    step()
synchronize(args.device)
started = time.perf_counter()
for _ in range(args.steps):
    step()
synchronize(args.device)
seconds = time.perf_counter() - started
emit("result", images=args.steps * args.batch_size, seconds=seconds, loss=first)
