"""Train given weights further, with the weights of cuts that data.py has now; the vocabulary stays.

usage: refine.py --weights OLD.npz --utterances U.jsonl --cases cases.tsv --sentences sentences.txt --out NEW.npz
The weights in the package: OLD = those of train.py without BOUNDARY, defaults below. One thread: two are slower.
"""
import argparse, random
import numpy as np, torch
from data import load, own
from fitting import Net, Tensors, calibrated, further, kept_out, parts, save


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('--weights', required=True)
    ap.add_argument('--utterances', required=True)
    ap.add_argument('--cases', required=True)
    ap.add_argument('--sentences', required=True)
    ap.add_argument('--out', required=True)
    ap.add_argument('--cap', type=int, default=16000)
    ap.add_argument('--epochs', type=int, default=3)
    ap.add_argument('--shift', type=float, default=.15, help='added at the end, so that 0.2 accepts 95 in 100 of the complete cases')
    ap.add_argument('--seed', type=int, default=7)
    a = ap.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(a.seed)
    rng = random.Random(a.seed)
    z = np.load(a.weights)
    voc = bytes(z['vocab']).decode().split('\n')
    most = lambda c, s: (2 * a.cap if c == 'selfdialogue' else a.cap) if s == 'train' else 700
    train, dev = parts(load(a.utterances) + own(14000, forbid=kept_out(a.cases, a.sentences)), rng, most)
    tensors = Tensors(voc, int(z['buckets']), int(z['keep']), rng)
    net = Net(len(voc) + tensors.buckets, z['emb'].shape[1], z['wh'].shape[1], .15)
    t = lambda k: torch.tensor(np.asarray(z[k], np.float32))
    with torch.no_grad():
        net.e.weight.copy_(t('emb') * t('scale'))
        for k, weights in {**net.gru(), 'wo': net.o.weight[0], 'bo': net.o.bias}.items():
            weights.copy_(t(k))
    devb = tensors.batches(dev, 512, False)
    further(net, tensors, train, devb, a.epochs, 1.5e-3)
    temp, shift = calibrated(net, devb)
    save(a.out, net, tensors, temp, shift + a.shift)


main()
