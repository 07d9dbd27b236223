"""Counts what an ImageNet ResNet gets right, by the rule of PyTorch's transfer-learning tutorial: the predicted class's word is the
folder's name without its last letter.

    eval_reference.py ARCH OUT.pth imagenet_classes.txt [--tilt] --crops FILE FOLDER_NAME...
    eval_reference.py ARCH OUT.pth imagenet_classes.txt [--tilt] --folder DIR      (needs torchvision)

The weights are made: torch.manual_seed(0), then the model's own initialisation; they are saved as OUT.pth. Such a model hardly ever
says ant or bee, so --tilt makes the rows of both in `fc` separate the images along a random direction of the features: then some
are right, some are wrong, and some are taken for other classes. --crops holds uint8 RGB of 224 x 224, one image after the other, for
a Python without torchvision; the folder's name of each follows. Prints one JSON object.
"""
import json
import sys

import torch
from torch import nn

ANT, BEE = 310, 309
LAYERS = {"resnet18": (False, [2, 2, 2, 2]), "resnet50": (True, [3, 4, 6, 3])}


class Block(nn.Module):
    """torchvision's BasicBlock or Bottleneck, with its names."""

    def __init__(self, inputs, width, stride, bottleneck, downsample):
        super().__init__()
        outputs = width * 4 if bottleneck else width
        shapes = (
            [(inputs, width, 1, 1), (width, width, 3, stride), (width, outputs, 1, 1)]
            if bottleneck
            else [(inputs, width, 3, stride), (width, width, 3, 1)]
        )
        self.count = len(shapes)
        for i, (a, b, kernel, step) in enumerate(shapes, 1):
            setattr(self, f"conv{i}", nn.Conv2d(a, b, kernel, step, kernel // 2, bias=False))
            setattr(self, f"bn{i}", nn.BatchNorm2d(b))
        self.downsample = downsample

    def forward(self, x):
        out = x
        for i in range(1, self.count + 1):
            out = getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(out))
            if i < self.count:
                out = out.relu()
        return (out + (x if self.downsample is None else self.downsample(x))).relu()


class ResNet(nn.Module):
    def __init__(self, arch):
        super().__init__()
        bottleneck, layers = LAYERS[arch]
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        inputs = 64
        for stage, blocks in enumerate(layers):
            width, stride = 64 * 2**stage, 1 if stage == 0 else 2
            outputs = width * 4 if bottleneck else width
            downsample = None
            if stride != 1 or inputs != outputs:
                downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
            made = [Block(inputs, width, stride, bottleneck, downsample)]
            made += [Block(outputs, width, 1, bottleneck, None) for _ in range(1, blocks)]
            setattr(self, f"layer{stage + 1}", nn.Sequential(*made))
            inputs = outputs
        self.fc = nn.Linear(inputs, 1000)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def features(self, x):
        x = self.maxpool(self.bn1(self.conv1(x)).relu())
        for stage in range(1, 5):
            x = getattr(self, f"layer{stage}")(x)
        return x.mean((2, 3))


def from_crops(file, folders):
    mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    with open(file, "rb") as stream:
        raw = torch.frombuffer(bytearray(stream.read()), dtype=torch.uint8).view(len(folders), 224, 224, 3)
    images = ((image.permute(2, 0, 1).float() / 255 - mean) / std for image in raw)
    return images, folders


def from_folder(root):
    from torchvision import datasets, transforms

    steps = [transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor()]
    steps.append(transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))
    data = datasets.ImageFolder(root, transforms.Compose(steps))
    return (data[i][0] for i in range(len(data))), [data.classes[target] for target in data.targets]


def make(arch, torchvision):
    torch.manual_seed(0)
    if not torchvision:
        return (model := ResNet(arch).eval()), model.features
    from torchvision import models

    model = getattr(models, arch)().eval()
    trunk = nn.Sequential(*list(model.children())[:-1], nn.Flatten())
    return model, trunk


def tilt(fc, features):
    generator = torch.Generator().manual_seed(1)
    direction = torch.randn(features.shape[1], generator=generator)
    projected = (features @ direction).sort().values
    # Between the two in the middle, so that no image lies on the border.
    middle = (projected[len(projected) // 2 - 1] + projected[len(projected) // 2]) / 2
    others = (features @ fc.weight.T + fc.bias).max(1).values.mean()
    scale = others / (projected - middle).abs().median()
    for row, sign in ((ANT, 1), (BEE, -1)):
        fc.weight[row] = sign * scale * direction
        fc.bias[row] = -sign * scale * middle


@torch.no_grad()
def main(arch, out, classes, *rest):
    rest = list(rest)
    tilted = "--tilt" in rest
    if tilted:
        rest.remove("--tilt")
    torchvision = rest[0] == "--folder"
    images, folders = from_folder(rest[1]) if torchvision else from_crops(rest[1], rest[2:])
    model, trunk = make(arch, torchvision)
    features = torch.cat([trunk(image[None]) for image in images])
    if tilted:
        tilt(model.fc, features)
    torch.save(model.state_dict(), out)

    with open(classes) as stream:
        words = [line.strip().split(", ")[1] for line in stream.readlines()[4:]]
    logits = model.fc(features)
    predicted = logits.argmax(1).tolist()
    top = logits.topk(6).values
    targets = torch.tensor([words.index(folder[:-1]) for folder in folders])
    five = logits.topk(5).indices
    print(
        json.dumps(
            {
                "images": len(folders),
                "correct": sum(words[p] == folder[:-1] for p, folder in zip(predicted, folders)),
                "top5": int((five == targets[:, None]).any(1).sum()),
                "loss": float(nn.functional.cross_entropy(logits.double(), targets)),
                "predicted": [words[p] for p in predicted],
                "indices": predicted,
                # Nearer than the difference of two implementations, a count would be luck.
                "margin": float((top[:, 0] - top[:, 1]).min()),
                "margin5": float((top[:, 4] - top[:, 5]).min()),
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
