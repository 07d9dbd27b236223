"""Loads a state dict of ResNet-50 and says which class one image is of: the whole life of the process is measured."""

import argparse

import torch
from PIL import Image
from torchvision import models, transforms

from common import CROP, MEAN, RESIZE, STD, emit

parser = argparse.ArgumentParser()
parser.add_argument("weights")
parser.add_argument("image")
parser.add_argument("--classes", type=int, required=True)
parser.add_argument("--threads", type=int)
args = parser.parse_args()
if args.threads:
    torch.set_num_threads(args.threads)

model = models.resnet50(weights=None, num_classes=args.classes)
model.load_state_dict(torch.load(args.weights, weights_only=True))
model.eval()
transform = transforms.Compose(
    [transforms.Resize(RESIZE), transforms.CenterCrop(CROP), transforms.ToTensor(), transforms.Normalize(MEAN, STD)]
)
with Image.open(args.image) as image, torch.inference_mode():
    probabilities = model(transform(image.convert("RGB")).unsqueeze(0)).softmax(1)[0]
emit("result", index=probabilities.argmax().item(), probability=probabilities.max().item())
