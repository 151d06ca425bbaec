"""Train the network of localvoice/audio/backchannel.py on the first half of the voices and sentences; needs torch.

    python -m scripts.backchannel.train --examples FILE.npz ... --out NEW.npz [--start backchannel.npz] [--runs N]

Each batch sees all its sounds for the same time, from 0.1 to 0.9 s behind where they are heard from: the network is
asked while they go on. Deterministic on one machine.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from localvoice.audio.backchannel import BANDS, log_mels

_RANGE = 5.0
_BATCH = 64
_HEAVIEST = 1.6
"""Weight of a rare label."""
_FIRST_FRAMES = 18
"""A sound of 104 ms and what stands before it."""
_GOES_ON_S, _LATER = 0.95, 0.3
"""A sound of that length goes on to the end of its example; a share of these is heard from later on."""
_PACE = (0.85, 1.2)
"""Faster and slower people."""


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


@dataclass(frozen=True, eq=False)
class Examples:
    """One half of the examples."""

    mels: torch.Tensor
    labels: torch.Tensor
    lengths: np.ndarray
    """Seconds."""
    is_synthetic: torch.Tensor
    """Said by a synthesiser: not by a person, and not drawn."""


def load(paths: list[Path], half: int) -> Examples:
    """One half."""
    stored = [np.load(path) for path in paths]
    columns = {
        name: np.concatenate([one[name][one["half"] == half] for one in stored])
        for name in ("sound", "label", "length_s", "voice")
    }
    mels = [log_mels(sound.astype(np.float32) / 32767) for sound in columns["sound"]]
    synthetic = torch.tensor([":" in voice for voice in columns["voice"]])
    return Examples(torch.from_numpy(np.stack(mels)), torch.tensor(columns["label"]), columns["length_s"], synthetic)


def begun(path: Path) -> Network:
    """The network as it was stored; its normalisation is part of the weights, and changes nothing more."""
    network, stored = Network(), np.load(path)
    for name in "abcde":
        layer = getattr(network, name)
        layer.weight.data = torch.from_numpy(stored[f"{name}w"].astype(np.float32))
        layer.bias.data = torch.from_numpy(stored[f"{name}b"].astype(np.float32))
    for norm in network.norms:
        norm.running_var.fill_(1 - norm.eps)
    return network


def heard(mels: torch.Tensor, lengths: np.ndarray, random: np.random.Generator) -> torch.Tensor:
    """As much of each sound, from its onset; of some that go on, a later part: what goes on is judged by its end."""
    frames = int(_FIRST_FRAMES + 80 * random.beta(1.0, 2.0))
    is_later = (lengths > _GOES_ON_S) & (random.random(len(mels)) < _LATER)
    starts = is_later * random.integers(0, mels.shape[1] - frames + 1, len(mels))
    pace = random.uniform(*_PACE, (len(mels), 1))
    places = np.minimum(starts[:, None] + (np.arange(frames) * pace).astype(int), mels.shape[1] - 1)
    return mels[torch.arange(len(mels))[:, None], torch.from_numpy(places)]


def varied(mels: torch.Tensor, random: np.random.Generator) -> torch.Tensor:
    """Other throats, rooms and noises: bands moved, tilted, masked, a floor put under them."""
    count = len(mels)
    moved = torch.stack([torch.roll(one, int(random.integers(-2, 3)), dims=1) for one in mels])
    tilt = torch.from_numpy(random.normal(0, 0.4, (count, 1, 1)).astype(np.float32))
    moved = moved + tilt * torch.linspace(-1, 1, BANDS)
    loudest = moved.amax(dim=(1, 2), keepdim=True)
    floor = loudest - torch.from_numpy(random.uniform(1.5, 5.0, (count, 1, 1)).astype(np.float32))
    return torch.log10(10**moved + 10 ** (floor + 0.3 * torch.randn_like(moved)))


def train(examples: Examples, epochs: int, seed: int, start: Path | None) -> Network:
    """One network: from nothing, or from `start`, whose opinion of synthetic voices it keeps to."""
    torch.manual_seed(seed)
    random = np.random.default_rng(seed)
    former = None if start is None else begun(start).eval()
    network = Network() if start is None else begun(start)
    labels = examples.labels
    counts = torch.bincount(labels, minlength=3).float()
    criterion = nn.CrossEntropyLoss(weight=(counts.sum() / 3 / counts).clamp(max=_HEAVIEST))
    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3, weight_decay=1e-2)
    batches = len(labels) // _BATCH
    rate = 4e-3 if start is None else 3e-3
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rate, total_steps=epochs * batches)
    for epoch in range(epochs):
        network.train()
        if former is not None:
            network.norms.eval()
        order = torch.from_numpy(random.permutation(len(labels)))
        total = 0.0
        for batch in order[: batches * _BATCH].reshape(batches, _BATCH):
            part = varied(heard(examples.mels[batch], examples.lengths[batch.numpy()], random), random)
            logits = network(part)
            loss = criterion(logits, labels[batch])
            if former is not None:
                loss = loss + departure(logits, former, part, examples.is_synthetic[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += float(loss.detach())
        if epoch % 10 == 9:
            print(f"epoch {epoch + 1}: loss {total / batches:.3f}", flush=True)
    return network.eval()


def departure(logits: torch.Tensor, former: Network, part: torch.Tensor, is_synthetic: torch.Tensor) -> torch.Tensor:
    """How far the opinion of synthetic voices has gone from the former one."""
    with torch.no_grad():
        before = torch.softmax(former(part[is_synthetic]), 1)
    now = torch.log_softmax(logits[is_synthetic], 1)
    return nn.functional.kl_div(now, before, reduction="sum") / len(logits)


def main() -> None:
    """Train and write the weights."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--start", type=Path, help="weights to begin with")
    parser.add_argument("--runs", type=int, default=1, help="networks of which the mean is taken, with --start")
    options = parser.parse_args()
    torch.set_num_threads(1)
    examples = load(options.examples, 0)
    print(f"{len(examples.labels)} examples: {torch.bincount(examples.labels).tolist()}")
    seeds = range(options.seed, options.seed + options.runs)
    found = [train(examples, options.epochs, seed, options.start).weights() for seed in seeds]
    mean = {name: np.mean([one[name] for one in found], axis=0, dtype=np.float32) for name in found[0]}
    np.savez_compressed(options.out, **{name: value.astype(np.float16) for name, value in mean.items()})


if __name__ == "__main__":
    main()
