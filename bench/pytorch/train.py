"""The tutorial's fine-tuning of ResNet-50, with torchvision: decoding in every epoch, float32, contiguous.

With --train-from, what stands before that module is frozen and its batch norms stay in evaluation mode; the frozen part is
computed in every epoch, as users of PyTorch do. The clock starts after the imports.
"""

import argparse
import os
import time

import torch
from torch import nn
from torch.utils.data import DataLoader
from torchvision import models, transforms
from torchvision.datasets import ImageFolder

from common import CROP, MEAN, RESIZE, STD, emit

MODULES = ["conv1", "bn1", "layer1", "layer2", "layer3", "layer4", "fc"]

parser = argparse.ArgumentParser()
parser.add_argument("data")
parser.add_argument("--epochs", type=int, default=1)
parser.add_argument("--batch-size", type=int, default=64)
parser.add_argument("--train-from", choices=MODULES, default="conv1")
parser.add_argument("--weights", help="state dict to start from")
parser.add_argument("--workers", type=int, default=0)
parser.add_argument("--threads", type=int)
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--output", required=True, help="where the state dict goes")
args = parser.parse_args()

started = time.perf_counter()
if args.threads:
    torch.set_num_threads(args.threads)
torch.manual_seed(args.seed)

crop = [transforms.Resize(RESIZE), transforms.CenterCrop(CROP)]
to_input = [transforms.ToTensor(), transforms.Normalize(MEAN, STD)]
train_transform = transforms.Compose([*crop, transforms.RandomHorizontalFlip(), *to_input])
train_set = ImageFolder(os.path.join(args.data, "train"), train_transform)
val_set = ImageFolder(os.path.join(args.data, "val"), transforms.Compose([*crop, *to_input]))

model = models.resnet50(weights=None)
model.fc = nn.Linear(model.fc.in_features, len(train_set.classes))
if args.weights:
    model.load_state_dict(torch.load(args.weights, weights_only=True))
frozen = [getattr(model, name) for name in MODULES[: MODULES.index(args.train_from)]]
for module in frozen:
    module.requires_grad_(False)

train_loader = DataLoader(train_set, args.batch_size, shuffle=True, num_workers=args.workers)
val_loader = DataLoader(val_set, args.batch_size, num_workers=args.workers)
trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
optimizer = torch.optim.SGD(trained, lr=0.01, momentum=0.5)
criterion = nn.CrossEntropyLoss()

for epoch in range(1, args.epochs + 1):
    model.train()
    for module in frozen:
        module.eval()
    for images, targets in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(images), targets)
        loss.backward()
        optimizer.step()
        emit("step", epoch=epoch, loss=loss.item(), images=len(targets))

    model.eval()
    total, correct = 0.0, 0
    with torch.no_grad():
        for images, targets in val_loader:
            logits = model(images)
            total += criterion(logits, targets).item() * len(targets)
            correct += (logits.argmax(1) == targets).sum().item()
    count = len(val_set)
    seconds = time.perf_counter() - started
    emit("epoch", epoch=epoch, valLoss=total / count, valAccuracy=correct / count, seconds=seconds)

torch.save(model.state_dict(), args.output)
