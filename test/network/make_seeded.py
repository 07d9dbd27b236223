"""Writes what torch and torchvision make of their networks of groups and of other widths, for test/network/torchvision.test.ts.

usage: python3 test/network/make_seeded.py test/network/seeded.json

Of each network after `torch.manual_seed(0)`, with a new `fc` of five outputs: the last value of every weight that is drawn; the logits
of four made-up images in evaluation mode; and in float64 the loss of a step of SGD on them, and last values of weights after it.
"""

import json
import sys

import torch
import torchvision

NETWORKS = ("resnext50_32x4d", "resnext101_32x8d", "resnext101_64x4d", "wide_resnet50_2", "wide_resnet101_2")
CLASSES = 5
SIDE = 64
IMAGES = 4
MOVED = ("conv1.weight", "layer1.0.conv2.weight", "layer2.0.conv2.weight", "layer4.2.conv2.weight", "fc.bias")


def pixels():
    k, y, x, c = torch.meshgrid(*(torch.arange(n) for n in (IMAGES, SIDE, SIDE, 3)), indexing="ij")
    crops = (37 * k + 5 * y * (c + 1) + 3 * x * (k + 1)) % 256
    scaled = crops.permute(0, 3, 1, 2).float() / 255
    mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    return (scaled - mean) / std


def last(tensor):
    return tensor.detach().reshape(-1)[-1].item()


def describe(arch):
    torch.manual_seed(0)
    model = getattr(torchvision.models, arch)()
    model.fc = torch.nn.Linear(model.fc.in_features, CLASSES)
    drawn = {name: last(value) for name, value in model.named_parameters() if value.dim() > 1 or name.startswith("fc.")}
    images = pixels()
    with torch.no_grad():
        logits = model.eval()(images).tolist()
    model.double().train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    loss = torch.nn.functional.cross_entropy(model(images.double()), torch.arange(IMAGES))
    loss.backward()
    optimizer.step()
    parameters = dict(model.named_parameters())
    moved = {name: last(parameters[name]) for name in MOVED}
    return {"drawn": drawn, "logits": logits, "loss": loss.item(), "moved": moved}


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    networks = {arch: describe(arch) for arch in NETWORKS}
    made = {"torch": torch.__version__, "torchvision": torchvision.__version__, "networks": networks}
    with open(sys.argv[1], "w") as file:
        json.dump(made, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    main()
