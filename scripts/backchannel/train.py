"""Train the network of localvoice/audio/backchannel.py on the first half of the voices and sentences; needs torch.

    python -m scripts.backchannel.train --examples FILE.npz ... --out localvoice/audio/backchannel.npz

Each batch sees all its sounds for the same time, from 0.1 to 0.9 s behind the onset: the network is asked while they
go on. Deterministic on one machine.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import nn

from localvoice.audio.backchannel import BANDS, log_mels

_RANGE = 5.0
_BATCH = 64
_FIRST_FRAMES = 18
"""A sound of 104 ms and what stands before it."""


class Network(nn.Module):
    """See `SoundJudge.judge`, which does the same without torch."""

    def __init__(self, width: int = 48) -> None:
        super().__init__()
        self.a = nn.Conv1d(BANDS, width, 5, padding=2)
        self.b = nn.Conv1d(width, width, 5, padding=2, stride=2)
        self.c = nn.Conv1d(width, width, 5, padding=2)
        self.d = nn.Linear(3 * width + 1, 32)
        self.e = nn.Linear(32, 3)
        self.norms = nn.ModuleList(nn.BatchNorm1d(width) for _ in range(3))
        self.drop = nn.Dropout(0.2)

    def forward(self, mels: torch.Tensor) -> torch.Tensor:
        """Logits of `mels` (batch, frames, bands)."""
        loudest = mels.amax(dim=(1, 2), keepdim=True)
        hidden = ((mels - loudest).clamp(min=-_RANGE) * 2.0 / _RANGE + 1.0).transpose(1, 2)
        for layer, norm in zip((self.a, self.b, self.c), self.norms, strict=True):
            hidden = torch.relu(norm(layer(hidden)))
        length = torch.full((len(mels), 1), mels.shape[1] / 100)
        pooled = torch.cat((hidden.mean(2), hidden.amax(2), hidden[:, :, -2:].mean(2), length), dim=1)
        return self.e(self.drop(torch.relu(self.d(self.drop(pooled)))))

    def weights(self) -> dict[str, np.ndarray]:
        """As `SoundJudge` wants them: the normalisation of a layer is part of its weights."""
        found = {}
        for name, norm in zip("abc", self.norms, strict=True):
            layer = getattr(self, name)
            scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
            found[f"{name}w"] = layer.weight * scale[:, None, None]
            found[f"{name}b"] = (layer.bias - norm.running_mean) * scale + norm.bias
        for name in "de":
            layer = getattr(self, name)
            found[f"{name}w"], found[f"{name}b"] = layer.weight, layer.bias
        return {name: value.detach().numpy().astype(np.float16) for name, value in found.items()}


def load(paths: list[Path], half: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Spectra and labels of one half."""
    mels, labels = [], []
    for path in paths:
        stored = np.load(path)
        chosen = stored["half"] == half
        mels += [log_mels(sound.astype(np.float32) / 32767) for sound in stored["sound"][chosen]]
        labels += stored["label"][chosen].tolist()
    return torch.from_numpy(np.stack(mels)), torch.tensor(labels)


def varied(mels: torch.Tensor, random: np.random.Generator) -> torch.Tensor:
    """Other throats, rooms and noises: bands moved, tilted, masked, a floor put under them."""
    count = len(mels)
    moved = torch.stack([torch.roll(one, int(random.integers(-2, 3)), dims=1) for one in mels])
    tilt = torch.from_numpy(random.normal(0, 0.4, (count, 1, 1)).astype(np.float32))
    moved = moved + tilt * torch.linspace(-1, 1, BANDS)
    loudest = moved.amax(dim=(1, 2), keepdim=True)
    floor = loudest - torch.from_numpy(random.uniform(1.5, 5.0, (count, 1, 1)).astype(np.float32))
    return torch.log10(10**moved + 10 ** (floor + 0.3 * torch.randn_like(moved)))


def train(mels: torch.Tensor, labels: torch.Tensor, epochs: int, seed: int) -> Network:
    """One network, from nothing."""
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    network = Network()
    counts = torch.bincount(labels, minlength=3).float()
    criterion = nn.CrossEntropyLoss(weight=(counts.sum() / 3 / counts).clamp(max=4.0))
    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=1e-2)
    batches = len(labels) // _BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 4e-3, total_steps=epochs * batches)
    for epoch in range(epochs):
        network.train()
        order = torch.from_numpy(random.permutation(len(labels)))
        total = 0.0
        for batch in order[: batches * _BATCH].reshape(batches, _BATCH):
            frames = int(_FIRST_FRAMES + 80 * random.beta(1.0, 2.0))
            loss = criterion(network(varied(mels[batch, :frames], random)), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += float(loss.detach())
        if epoch % 10 == 9:
            print(f"epoch {epoch + 1}: loss {total / batches:.3f}", flush=True)
    return network.eval()


def main() -> None:
    """Train and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    torch.set_num_threads(1)
    mels, labels = load(options.examples, 0)
    print(f"{len(labels)} examples: {torch.bincount(labels).tolist()}")
    network = train(mels, labels, options.epochs, options.seed)
    np.savez_compressed(options.out, **network.weights())


if __name__ == "__main__":
    main()
