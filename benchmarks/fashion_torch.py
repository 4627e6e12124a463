"""The recipes of docs/recipes as a PyTorch script: a Dataset over the IDX files, a DataLoader, a loop.

    python benchmarks/fashion_torch.py RECIPE --data FOLDER [--epochs N] [--threads N] [--workers N]
                                       [--out FOLDER]

Written as people write theirs, with torch alone. The networks, first weights, losses, rates, decays, batches,
parts and augmentations are those of the recipe of the same name; the random numbers are PyTorch's.
Prints a line an epoch and the test accuracy of the weights that were best in validation, which it writes to
FOLDER, with metrics.csv.
"""

from __future__ import annotations

import argparse
import gzip
import math
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, Subset


class Recipe(NamedTuple):
    """How a network is trained; rates of SGD, with the decay on weights alone."""

    network: Callable[[], nn.Sequential]
    rate: float
    batch: int
    epochs: int
    momentum: float = 0.9
    decay: float = 5e-4
    warmup: int = 1
    smoothing: float = 0.0
    nesterov: bool = False
    flip: bool = False
    crop: int = 0


def linear() -> nn.Sequential:
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))


def three_layer() -> nn.Sequential:
    return nn.Sequential(
        nn.Flatten(),
        *(nn.Linear(784, 256), nn.ReLU()),
        *(nn.Linear(256, 128), nn.ReLU()),
        nn.Linear(128, 10),
    )


def lenet() -> nn.Sequential:
    return nn.Sequential(
        *(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2)),
        nn.Flatten(),
        *(nn.Linear(400, 120), nn.ReLU()),
        *(nn.Linear(120, 84), nn.ReLU()),
        nn.Linear(84, 10),
    )


def cnn() -> nn.Sequential:
    def convolution(inputs: int, outputs: int) -> list[nn.Module]:
        return [nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]

    return nn.Sequential(
        *(*convolution(1, 32), *convolution(32, 32), nn.MaxPool2d(2)),
        *(*convolution(32, 64), *convolution(64, 64), nn.MaxPool2d(2)),
        *(*convolution(64, 128), *convolution(128, 256), nn.AdaptiveAvgPool2d(1)),
        *(nn.Flatten(), nn.Dropout(0.2), nn.Linear(256, 10)),
    )


RECIPES = {
    "fashion-linear": Recipe(linear, 0.01, 64, 12, decay=1e-4, warmup=0),
    "fashion-three-layer": Recipe(three_layer, 0.05, 64, 15),
    "fashion-lenet": Recipe(lenet, 0.05, 64, 20),
    "mnist-lenet": Recipe(lenet, 0.05, 64, 12, crop=1),
    "fashion-cnn": Recipe(cnn, 0.1, 128, 18, smoothing=0.1, nesterov=True, flip=True, crop=2),
}


def read_idx(folder: Path, name: str) -> Tensor:
    """The numbers of an IDX file, plain or `.gz`."""
    plain = folder / name
    content = plain.read_bytes() if plain.exists() else gzip.decompress((folder / f"{name}.gz").read_bytes())
    axes = content[3]
    sizes = [int.from_bytes(content[4 + 4 * axis : 8 + 4 * axis], "big") for axis in range(axes)]
    return torch.frombuffer(bytearray(content[4 + 4 * axes :]), dtype=torch.uint8).reshape(sizes)


class Pictures(Dataset[tuple[Tensor, int]]):
    """Pictures with their labels, normalised, and augmented where asked for."""

    def __init__(
        self, folder: Path, part: str, mean: float, deviation: float, *, flip: bool = False, crop: int = 0
    ) -> None:
        self.images = read_idx(folder, f"{part}-images-idx3-ubyte")
        self.labels = read_idx(folder, f"{part}-labels-idx1-ubyte").tolist()
        self.mean, self.deviation, self.flip, self.crop = mean, deviation, flip, crop

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, number: int) -> tuple[Tensor, int]:
        image = self.images[number].unsqueeze(0).float() / 255
        if self.flip and torch.rand(()) < 0.5:
            image = image.flip(2)
        if self.crop:
            top, left = torch.randint(0, 2 * self.crop + 1, (2,)).tolist()
            image = F.pad(image, 4 * (self.crop,))[:, top : top + 28, left : left + 28]
        return (image - self.mean) / self.deviation, self.labels[number]


def loaders(recipe: Recipe, folder: Path, workers: int) -> tuple[DataLoader[Any], ...]:
    """Of training, of validation, a ninth of the training images, and of test."""
    images = read_idx(folder, "train-images-idx3-ubyte").float() / 255
    order = torch.randperm(len(images)).tolist()
    validation, train = order[: round(len(order) / 9)], order[round(len(order) / 9) :]
    mean, deviation = images[train].mean().item(), images[train].std().item()
    parts = (
        Subset(Pictures(folder, "train", mean, deviation, flip=recipe.flip, crop=recipe.crop), train),
        Subset(Pictures(folder, "train", mean, deviation), validation),
        Pictures(folder, "t10k", mean, deviation),
    )
    return tuple(
        DataLoader(
            part,
            batch_size=recipe.batch,
            shuffle=index == 0,
            num_workers=workers,
            persistent_workers=workers > 0,
        )
        for index, part in enumerate(parts)
    )


def started(network: nn.Module) -> nn.Module:
    """He's weights and no biases to start with."""
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return network


def optimizer_of(recipe: Recipe, network: nn.Module) -> torch.optim.SGD:
    parameters = list(network.parameters())
    groups = [
        {"params": [p for p in parameters if p.dim() > 1], "weight_decay": recipe.decay},
        {"params": [p for p in parameters if p.dim() == 1], "weight_decay": 0.0},
    ]
    return torch.optim.SGD(groups, lr=recipe.rate, momentum=recipe.momentum, nesterov=recipe.nesterov)


def schedule_of(
    recipe: Recipe, optimizer: torch.optim.SGD, epochs: int, steps: int
) -> torch.optim.lr_scheduler.LambdaLR:
    """Stepped once a batch: a straight climb, then half a cosine."""
    warmup, total = recipe.warmup * steps, epochs * steps

    def share(step: int) -> float:
        if step < warmup:
            return (step + 1) / warmup
        return (1 + math.cos(math.pi * (step - warmup) / max(total - warmup, 1))) / 2

    return torch.optim.lr_scheduler.LambdaLR(optimizer, share)


@torch.no_grad()
def accuracy(network: nn.Module, loader: DataLoader[Any]) -> float:
    """The share of pictures whose class is found."""
    network.eval()
    right = total = 0
    for images, labels in loader:
        right += int((network(images).argmax(1) == labels).sum())
        total += len(labels)
    return right / total


def train(name: str, folder: Path, epochs: int | None, workers: int, out: Path) -> None:
    recipe = RECIPES[name]
    epochs = epochs or recipe.epochs
    training, validation, test = loaders(recipe, folder, workers)
    network = started(recipe.network())
    optimizer = optimizer_of(recipe, network)
    schedule = schedule_of(recipe, optimizer, epochs, len(training))
    criterion = nn.CrossEntropyLoss(label_smoothing=recipe.smoothing)
    best = -1.0
    out.mkdir(parents=True, exist_ok=True)
    metrics = ["epoch,train_loss,train_accuracy,validation_accuracy"]
    for epoch in range(epochs):
        start, seen, summed, right = time.perf_counter(), 0, 0.0, 0
        network.train()
        for images, labels in training:
            optimizer.zero_grad()
            scores = network(images)
            loss = criterion(scores, labels)
            loss.backward()
            optimizer.step()
            schedule.step()
            seen += len(labels)
            summed += loss.item() * len(labels)
            right += int((scores.argmax(1) == labels).sum())
        speed = seen / (time.perf_counter() - start)
        found = accuracy(network, validation)
        if found > best:
            best = found
            torch.save(network.state_dict(), out / "best.pt")
        metrics.append(f"{epoch + 1},{summed / seen:.6f},{right / seen:.6f},{found:.6f}")
        (out / "metrics.csv").write_text("\n".join(metrics) + "\n")
        print(
            f"epoch {epoch + 1}/{epochs}  loss {summed / seen:.4f}  accuracy {100 * right / seen:.2f} %"
            f"  validation accuracy {100 * found:.2f} %  {speed:,.0f} images/s",
            flush=True,
        )
    network.load_state_dict(torch.load(out / "best.pt"))
    print(f"test accuracy {100 * accuracy(network, test):.2f} %")


def main() -> None:
    parser = argparse.ArgumentParser(description="A recipe of docs/recipes, in PyTorch.")
    parser.add_argument("recipe", choices=RECIPES)
    parser.add_argument("--data", type=Path, required=True, metavar="FOLDER", help="of IDX files")
    parser.add_argument("--epochs", type=int, help="instead of the recipe's")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--workers", type=int, default=2, help="processes that load pictures")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("run"), metavar="FOLDER")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    torch.set_num_threads(options.threads)
    train(options.recipe, options.data, options.epochs, options.workers, options.out)


if __name__ == "__main__":
    main()
