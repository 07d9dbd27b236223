"""Writes what Grad-CAM is by its definition, in plain torch with hooks and autograd in float64, for test/explain/grad-cam.test.ts.

usage: python3 test/explain/make_grad_cam.py test/explain/grad-cam.json      (needs torch only)

The networks have torchvision's names and its initial weights after `torch.manual_seed(0)`, with a new `fc` of five outputs; their batch
norms get other figures by formula, so that folding them is no identity. The map of a class (Selvaraju et al., ICCV 2017,
arXiv:1610.02391): the gradient of the class's logit with respect to a module's output, averaged over height and width, weighs the
channels of that output; ReLU of their sum. Normalised as pytorch-grad-cam and the authors' own code do: the least becomes 0, the
greatest 1. "upsampled" is torch's bilinear interpolation of such maps, without aligned corners.
"""

import json
import sys

import torch
from torch import nn

CLASSES, SIDE, IMAGES = 5, 96, 2
LAYERS = {
    "resnet18": [
        ["layer4", "layer3", "layer4.0", "layer4.1.conv2", "layer3.1.bn1", "layer2.0.downsample.0", "layer4.0.downsample", "maxpool"],
        (2, 2, 2, 2),
    ],
    "resnext50_32x4d": [["layer4", "layer3", "layer4.1", "layer3.5.bn2", "layer2", "layer4.2.conv3"], (3, 4, 6, 3)],
}
EXPLAINED = (1, 3)


class Block(nn.Module):
    """torchvision's BasicBlock or Bottleneck, with its names."""

    def __init__(self, shapes, groups, downsample):
        super().__init__()
        self.count = len(shapes)
        for i, (inputs, outputs, kernel, stride) in enumerate(shapes, 1):
            grouped = groups if self.count == 3 and kernel == 3 else 1
            conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=grouped, bias=False)
            setattr(self, f"conv{i}", conv)
            setattr(self, f"bn{i}", nn.BatchNorm2d(outputs))
        self.relu = nn.ReLU()
        if downsample is not None:
            self.downsample = downsample

    def forward(self, x):
        out = x
        for i in range(1, self.count + 1):
            out = getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(out))
            if i < self.count:
                out = self.relu(out)
        return self.relu(out + (self.downsample(x) if hasattr(self, "downsample") else x))


class ResNet(nn.Module):
    def __init__(self, arch):
        super().__init__()
        bottleneck, groups = (False, 1) if arch == "resnet18" else (True, 32)
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        inputs = 64
        for stage, blocks in enumerate(LAYERS[arch][1]):
            planes = 64 * 2**stage
            outputs = planes * 4 if bottleneck else planes
            made = []
            for b in range(blocks):
                stride = 2 if stage > 0 and b == 0 else 1
                downsample = None
                if stride != 1 or inputs != outputs:
                    conv = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
                    downsample = nn.Sequential(conv, nn.BatchNorm2d(outputs))
                width = planes * 2
                shapes = [(inputs, width, 1, 1), (width, width, 3, stride), (width, outputs, 1, 1)]
                if not bottleneck:
                    shapes = [(inputs, planes, 3, stride), (planes, planes, 3, 1)]
                made.append(Block(shapes, groups, downsample))
                inputs = outputs
            setattr(self, f"layer{stage + 1}", nn.Sequential(*made))
        self.avgpool = nn.AdaptiveAvgPool2d((1, 1))
        self.fc = nn.Linear(inputs, 1000)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        self.fc = nn.Linear(inputs, CLASSES)

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        for stage in range(1, 5):
            x = getattr(self, f"layer{stage}")(x)
        return self.fc(self.avgpool(x).flatten(1))


def change_norms(model):
    """Figures that test/explain/seeded.ts makes too; the factor of every 13th channel is 0."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            i = torch.arange(module.num_features)
            module.weight.data = (i % 13) / 13
            module.bias.data = (i * 5 % 7 - 3) / 10
            module.running_mean = (i * 3 % 5 - 2) / 10
            module.running_var = 0.5 + (i * 2 % 9) / 9


def pixels():
    k, y, x, c = torch.meshgrid(*(torch.arange(n) for n in (IMAGES, SIDE, SIDE, 3)), indexing="ij")
    crops = (37 * k + 5 * y * (c + 1) + 3 * x * (k + 1) + x * y // 16) % 256
    scaled = crops.permute(0, 3, 1, 2).double() / 255
    mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    return (scaled - mean) / std


def grad_cam(model, images, layer, target):
    kept = {}
    hook = model.get_submodule(layer).register_forward_hook(lambda _module, _inputs, output: kept.update(output=output))
    logits = model(images)
    hook.remove()
    (gradient,) = torch.autograd.grad(logits[:, target].sum(), kept["output"])
    maps = (gradient.mean((2, 3), keepdim=True) * kept["output"]).sum(1).relu().detach()
    low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    return torch.where(high > low, (maps - low) / (high - low), torch.zeros_like(maps))


def rounded(tensor):
    return [round(value, 5) for value in tensor.flatten().tolist()]


def describe(arch):
    torch.manual_seed(0)
    model = ResNet(arch)
    change_norms(model)
    model = model.double().eval()
    images = pixels()
    maps = {}
    for layer in LAYERS[arch][0]:
        made = {target: grad_cam(model, images, layer, target) for target in EXPLAINED}
        size = list(made[EXPLAINED[0]].shape[1:])
        maps[layer] = {"size": size, "classes": {str(target): rounded(map) for target, map in made.items()}}
    with torch.no_grad():
        return {"logits": model(images).tolist(), "layers": maps}


def upsampled():
    cases = []
    for (height, width), side in (((3, 3), (7, 10)), ((7, 7), (30, 17)), ((1, 1), (3, 4)), ((6, 5), (4, 3))):
        y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        source = (y * 7 + x * 5) % 11 / 10
        made = nn.functional.interpolate(source[None, None].double(), size=side, mode="bilinear", align_corners=False)
        cases.append({"size": [height, width], "values": rounded(source), "to": list(side), "made": rounded(made)})
    return cases


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    networks = {arch: describe(arch) for arch in LAYERS}
    with open(sys.argv[1], "w") as file:
        json.dump({"torch": torch.__version__, "networks": networks, "upsampled": upsampled()}, file)
        file.write("\n")


if __name__ == "__main__":
    main()
