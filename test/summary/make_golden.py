"""Writes what torch and torchvision say of their ResNets, for the tests of `resnet-ft summary` and `resnet-ft export`.

usage: python3 test/summary/make_golden.py test/summary/golden

resnet18.txt, resnet50.txt and resnext50_32x4d.txt are `print(model)` without the `bias=True` that PyTorch 2.13 and newer print in a batch norm.
networks.json holds of each architecture the sha256 of that text, of the output shapes of the modules without children (lines
"name 64,112,112", for inputs of 224 and 299 pixels), and of the state dict's names and shapes (lines "name 64,3,7,7"), the number of
parameters, those trained from each module on, the bytes of the state dict, and torchvision's `_ops` of the ImageNet weights.
"""

import hashlib
import json
import sys
from pathlib import Path

import torch
import torchvision

FULL = ("resnet18", "resnet50", "resnext50_32x4d")
NETWORKS = (
    *("resnet18", "resnet34", "resnet50", "resnet101", "resnet152"),
    *("resnext50_32x4d", "resnext101_32x8d", "resnext101_64x4d", "wide_resnet50_2", "wide_resnet101_2"),
)
TRAIN_FROM = ("conv1", "layer1", "layer2", "layer3", "layer4", "fc")


def sha256(lines):
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


def sizes(shape):
    return ",".join(map(str, shape))


def output_shapes(model, side):
    shapes = {}
    leaves = {name: module for name, module in model.named_modules() if not list(module.children())}
    hooks = [
        module.register_forward_hook(lambda _m, _i, out, name=name: shapes.__setitem__(name, out.shape[1:]))
        for name, module in leaves.items()
    ]
    model(torch.empty(1, 3, side, side, device="meta"))
    for hook in hooks:
        hook.remove()
    return sha256(f"{name} {sizes(shapes[name])}" for name in leaves)


def describe(arch, folder):
    with torch.device("meta"):
        model = getattr(torchvision.models, arch)().eval()
    text = str(model).replace("affine=True, bias=True, track", "affine=True, track")
    if arch in FULL:
        (folder / f"{arch}.txt").write_text(text + "\n")
    names = [name for name, _ in model.named_children()]

    def trained(first):
        modules = [getattr(model, name) for name in names[names.index(first) :]]
        return sum(p.numel() for module in modules for p in module.parameters())

    state = model.state_dict()
    return {
        "tree": sha256([text]),
        "shapes224": output_shapes(model, 224),
        "shapes299": output_shapes(model, 299),
        "stateDict": sha256(f"{name} {sizes(tensor.shape)}" for name, tensor in state.items()),
        "parameters": sum(p.numel() for p in model.parameters()),
        "trained": {first: trained(first) for first in TRAIN_FROM},
        "bytes": sum(tensor.numel() * tensor.element_size() for tensor in state.values()),
        "ops": torchvision.models.get_model_weights(arch)["IMAGENET1K_V1"].meta["_ops"],
    }


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__.strip())
    folder = Path(sys.argv[1])
    networks = {arch: describe(arch, folder) for arch in NETWORKS}
    made = {"torch": torch.__version__, "torchvision": torchvision.__version__, "networks": networks}
    (folder / "networks.json").write_text(json.dumps(made, indent=2) + "\n")


if __name__ == "__main__":
    main()
