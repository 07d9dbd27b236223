"""Writes what torch makes of optimizers, schedules and losses, for test/train/torch-vectors.test.ts.

usage: python3 test/train/vectors/make_vectors.py test/train/vectors/ && npx prettier --write test/train/vectors/

training.json: of each case, `options` of `train`, a ResNet-18 of torchvision after `torch.manual_seed(0)`, in float64, on made-up images
in their own order: loss, rates and momentum of each step, some weights after some of them, and the loss in evaluation mode at the end.
schedules.json: the rates of each step of schedules alone.
"""

import json
import os
import sys

import torch
import torchvision
from torch.optim import lr_scheduler
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

CLASSES = 3
SIDE = 48
IMAGES = 11
STEPS = 20
WATCHED = (
    "conv1.weight",
    "layer2.0.conv1.weight",
    "layer4.1.bn2.bias",
    "layer4.1.bn2.running_var",
    "fc.weight",
    "fc.bias",
)
WATCHED_AFTER = (1, 2, 9, 20)
STAGES = ("conv1", "layer1", "layer2", "layer3", "layer4", "fc")
# What resnet-ft train does where an option does not say otherwise.
DEFAULTS = {
    "batchSize": 4,
    "accumulate": 1,
    "optimizer": "sgd",
    "lrLayerDecay": 1,
    "schedule": "constant",
    "trainFrom": "conv1",
    "decayNormBias": True,
    "labelSmoothing": 0,
}

CASES = {
    "sgd": {"lr": 0.02, "momentum": 0.9, "nesterov": True, "weightDecay": 5e-4},
    "adamw": {"optimizer": "adamw"},
    "adamw of other betas, cosine after warm-up, groups without decay on norms": {
        **{"optimizer": "adamw", "lr": 0.002, "beta1": 0.8, "beta2": 0.95, "eps": 1e-6, "weightDecay": 0.1},
        **{"decayNormBias": False, "lrHead": 0.01, "lrLayerDecay": 0.7, "schedule": "cosine", "warmup": 0.2},
    },
    "a rate for the head, from layer2 on, no decay on norms": {
        **{"lr": 0.01, "lrHead": 0.1, "momentum": 0.9, "weightDecay": 0.01, "decayNormBias": False},
        **{"trainFrom": "layer2", "schedule": "step", "stepSize": 2, "gamma": 0.3},
    },
    "label smoothing and class weights": {"lr": 0.02, "labelSmoothing": 0.1, "classWeights": "balanced"},
    "one cycle with momentum": {"lr": 0.05, "momentum": 0.9, "schedule": "onecycle", "cycleMomentum": True},
    "one cycle with beta1": {"optimizer": "adamw", "lr": 0.002, "schedule": "onecycle", "cycleMomentum": True},
    "clipped gradients": {"lr": 0.02, "momentum": 0.9, "clipGrad": 0.5, "schedule": "linear", "warmup": 3},
    "accumulation of weighted losses": {
        **{"batchSize": 3, "accumulate": 2, "lr": 0.01, "momentum": 0.9},
        **{"labelSmoothing": 0.2, "classWeights": "balanced", "clipGrad": 1},
    },
    "average of the weights": {"lr": 0.02, "momentum": 0.9, "ema": 0.8},
}

SCHEDULES = [
    (total, per_epoch, options)
    for total, per_epoch in ((37, 5), (10, 10))
    for options in (
        {"schedule": "constant", "warmup": 4},
        {"schedule": "step", "stepSize": 2},
        {"schedule": "step", "stepSize": 1, "gamma": 0.5, "warmup": 0.1},
        {"schedule": "cosine"},
        {"schedule": "cosine", "warmup": 5, "finalLrFactor": 0.1},
        {"schedule": "linear"},
        {"schedule": "linear", "warmup": 0.3, "finalLrFactor": 0.25},
        {"schedule": "onecycle", "cycleMomentum": True},
        {"schedule": "onecycle", "warmup": 0.45, "finalLrFactor": 0.01, "cycleMomentum": True},
        {"schedule": "onecycle", "warmup": 4},
    )
]


def pixels():
    k, y, x, c = torch.meshgrid(*(torch.arange(n) for n in (IMAGES, SIDE, SIDE, 3)), indexing="ij")
    crops = (37 * k + 5 * y * (c + 1) + 3 * x * (k + 1)) % 256
    scaled = crops.permute(0, 3, 1, 2).float() / 255
    mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    return ((scaled - mean) / std).double()


def targets():
    return torch.tensor([(0, 0, 1, 2)[i % 4] for i in range(IMAGES)])


def stage_of(name):
    module = name.split(".")[0]
    return STAGES.index("conv1" if module == "bn1" else module)


def rate_of(stage, o, lr):
    if stage == STAGES.index("fc"):
        return o.get("lrHead", lr)
    return lr * o["lrLayerDecay"] ** (STAGES.index("fc") - stage)


def optimizer_of(model, o):
    adamw = o["optimizer"] == "adamw"
    lr = o.get("lr", 0.001 if adamw else 0.01)
    decay = o.get("weightDecay", 0.01 if adamw else 0)
    first = STAGES.index(o["trainFrom"])
    groups = {}
    for name, parameter in model.named_parameters():
        stage = stage_of(name)
        parameter.requires_grad_(stage >= first)
        if stage < first:
            continue
        own = decay if o["decayNormBias"] or parameter.dim() > 1 else 0
        key = (stage, own)
        groups.setdefault(key, {"params": [], "lr": rate_of(stage, o, lr), "weight_decay": own})
        groups[key]["params"].append(parameter)
    groups = [groups[key] for key in sorted(groups)]
    if adamw:
        betas = (o.get("beta1", 0.9), o.get("beta2", 0.999))
        return torch.optim.AdamW(groups, lr=lr, betas=betas, eps=o.get("eps", 1e-8))
    return torch.optim.SGD(groups, lr=lr, momentum=o.get("momentum", 0.5), nesterov=o.get("nesterov", False))


def scheduler_of(optimizer, o, total, per_epoch):
    rates = [group["lr"] for group in optimizer.param_groups]
    warmup = o.get("warmup", 0)
    if o["schedule"] == "onecycle":
        share = o.get("warmup", 0.3)
        final = {"final_div_factor": 1 / (25 * o["finalLrFactor"])} if "finalLrFactor" in o else {}
        return lr_scheduler.OneCycleLR(
            optimizer,
            max_lr=rates,
            total_steps=total,
            pct_start=share if share < 1 else share / total,
            cycle_momentum=o.get("cycleMomentum", False),
            **final,
        )
    warmup = round(warmup * total) if warmup < 1 else warmup
    left = total - warmup
    end = o.get("finalLrFactor", 0)
    # In the constructors rates count as those before the first step.
    if o["schedule"] == "step":
        main = lr_scheduler.StepLR(optimizer, o["stepSize"] * per_epoch, o.get("gamma", 0.1))
    elif o["schedule"] == "cosine":
        main = lr_scheduler.CosineAnnealingLR(optimizer, left, eta_min=end * rates[0])
    elif o["schedule"] == "linear":
        main = lr_scheduler.LinearLR(optimizer, 1, end, left)
    else:
        main = lr_scheduler.ConstantLR(optimizer, factor=1)
    if warmup == 0:
        return main
    first = lr_scheduler.LinearLR(optimizer, 0.01, 1, warmup)
    return lr_scheduler.SequentialLR(optimizer, [first, main], [warmup])


def figures(state):
    out = {}
    for name in WATCHED:
        value = state[name].detach().double().reshape(-1)
        out[name] = [value.sum().item(), value.norm().item(), value[-1].item(), value.abs().sum().item()]
    return out


def momentum_of(optimizer):
    group = optimizer.param_groups[0]
    return group["momentum"] if "momentum" in group else group["betas"][0]


def train(options):
    o = {**DEFAULTS, **options}
    torch.manual_seed(0)
    model = torchvision.models.resnet18()
    model.fc = torch.nn.Linear(model.fc.in_features, CLASSES)
    model.double().train()
    first = STAGES.index(o["trainFrom"])
    for name, module in model.named_children():
        if name in STAGES + ("bn1",) and stage_of(name) < first:
            module.eval()
    images, labels = pixels(), targets()
    weight = None
    if o.get("classWeights") == "balanced":
        weight = IMAGES / (CLASSES * torch.bincount(labels).double())
    optimizer = optimizer_of(model, o)
    per_step = o["batchSize"] * o["accumulate"]
    per_epoch = -(-IMAGES // per_step)
    scheduler = scheduler_of(optimizer, o, STEPS, per_epoch)
    average = None
    if "ema" in o:
        average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(o["ema"]), use_buffers=True)
    made = {"options": options, "losses": [], "rates": [], "momenta": [], "weights": {}}
    for step in range(STEPS):
        begin = step % per_epoch * per_step
        end = min(begin + per_step, IMAGES)
        made["rates"].append(max(group["lr"] for group in optimizer.param_groups))
        made["momenta"].append(momentum_of(optimizer))
        optimizer.zero_grad()
        # Of the mean over all images of the step: what cross_entropy divides by is the weights of all its labels.
        divisor = end - begin if weight is None else weight[labels[begin:end]].sum()
        total = 0
        for at in range(begin, end, o["batchSize"]):
            batch = slice(at, min(at + o["batchSize"], end))
            summed = torch.nn.functional.cross_entropy(
                model(images[batch]),
                labels[batch],
                weight=weight,
                label_smoothing=o["labelSmoothing"],
                reduction="mean" if o["accumulate"] == 1 else "sum",
            )
            loss = summed if o["accumulate"] == 1 else summed / divisor
            loss.backward()
            total += loss.item()
        if "clipGrad" in o:
            torch.nn.utils.clip_grad_norm_(model.parameters(), o["clipGrad"])
        optimizer.step()
        scheduler.step()
        if average is not None:
            average.update_parameters(model)
        made["losses"].append(total)
        used = model if average is None else average.module
        if step + 1 in WATCHED_AFTER:
            made["weights"][step + 1] = figures(used.state_dict())
    used.eval()
    with torch.no_grad():
        made["evaluated"] = torch.nn.functional.cross_entropy(used(images), labels).item()
    return made


def schedule(total, per_epoch, options):
    o = {**DEFAULTS, **options}
    parameter = torch.nn.Parameter(torch.zeros(1))
    parameter.grad = torch.zeros(1)
    optimizer = torch.optim.SGD([parameter], lr=0.3, momentum=0.5)
    scheduler = scheduler_of(optimizer, o, total, per_epoch)
    rates, momenta = [], []
    for step in range(total):
        rates.append(optimizer.param_groups[0]["lr"])
        momenta.append(optimizer.param_groups[0]["momentum"])
        optimizer.step()
        if step + 1 < total:
            scheduler.step()
    return {"total": total, "stepsPerEpoch": per_epoch, "options": options, "rates": rates, "momenta": momenta}


def write(folder, name, value):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        json.dump({"torch": torch.__version__, **value}, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    [folder] = sys.argv[1:]
    write(folder, "schedules.json", {"schedules": [schedule(*one) for one in SCHEDULES]})
    write(folder, "training.json", {"cases": {name: train(options) for name, options in CASES.items()}})
