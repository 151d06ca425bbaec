"""Grow given weights: more units, longer vectors, more words, trained on more text (prose.py, spoken.py) as well.

usage: grow.py --weights OLD.npz --utterances U.jsonl [PROSE.jsonl ORDINARY.jsonl] --cases cases.tsv --sentences sentences.txt --out NEW.npz
What the old model knew is copied into a corner of the new one, whose other weights begin small. One thread. NEW.npz is written after every pass.
"""
import argparse, collections, random
import numpy as np, torch
from data import load, own
from fitting import Net, Tensors, calibrated, further, kept_out, parts, save
from spoken import spoken

SHARE = {'selfdialogue': 3, 'prose': 3, 'own': 3, 'spoken': 3, 'voice': 3, 'books': 2}  # of a corpus, in --cap


def grown(net, z, old, tensors):
    """`net` as it knows what `z` does"""
    hidden, h0, d0 = net.g.hidden_size, z['wh'].shape[1], z['emb'].shape[1]
    vectors = np.asarray(z['emb'], np.float32) * np.asarray(z['scale'], np.float32)
    voc = tensors.voc
    net.e.weight.mul_(.1)
    net.e.weight[:len(old), :d0] = torch.tensor(vectors[:len(old)])
    net.e.weight[len(voc):, :d0] = torch.tensor(vectors[len(old):])
    for w in voc[len(old):]:
        net.e.weight[tensors.ix[w], :d0] = torch.tensor(vectors[len(old) + tensors.unknown(w) - len(voc)])
    for k, new in net.gru().items():
        was = torch.tensor(np.asarray(z[k], np.float32))
        for gate in range(3):
            part, before = new[gate * hidden:(gate + 1) * hidden], was[gate * h0:(gate + 1) * h0]
            if part.dim() == 1:
                part[:h0] = before
            else:
                part[:h0] *= .1  # what is new speaks softly to what is old
                part[:h0, :before.shape[1]] = before
    net.o.weight.mul_(.1)
    net.o.weight[0, :h0] = torch.tensor(np.asarray(z['wo'], np.float32))
    net.o.bias.copy_(torch.tensor(np.asarray(z['bo'], np.float32)))


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('--weights', required=True)
    ap.add_argument('--utterances', required=True, nargs='+')
    ap.add_argument('--hidden', type=int, default=112)
    ap.add_argument('--dim', type=int, default=48)
    ap.add_argument('--vocab', type=int, default=9000)
    ap.add_argument('--cases', required=True)
    ap.add_argument('--sentences', required=True)
    ap.add_argument('--out', required=True)
    ap.add_argument('--cap', type=int, default=16000)
    ap.add_argument('--epochs', type=int, default=5)
    ap.add_argument('--lr', type=float, default=2.5e-3)
    ap.add_argument('--shift', type=float, default=0., help='added at the end, so that 0.2 accepts 95 in 100 of the complete cases')
    ap.add_argument('--spoken', type=int, default=16000)
    ap.add_argument('--seed', type=int, default=7)
    a = ap.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(a.seed)
    rng = random.Random(a.seed)
    z = np.load(a.weights)
    old = bytes(z['vocab']).decode().split('\n')
    forbid = kept_out(a.cases, a.sentences)
    more = own(14000, forbid=forbid) + spoken(a.spoken, forbid=forbid)
    most = lambda c, s: int(a.cap * SHARE.get(c, 1)) if s == 'train' else 200
    train, dev = parts([row for path in a.utterances for row in load(path)] + more, rng, most, forbid)
    count = collections.Counter(w for ch in train for w, _ in ch)
    known = set(old)
    voc = old + [w for w, n in count.most_common() if n >= 5 and w not in known][:max(0, a.vocab - len(old))]
    print(len(train), len(dev), 'utterances', len(voc), 'words', flush=True)
    tensors = Tensors(voc, int(z['buckets']), int(z['keep']), rng)
    net = Net(len(voc) + tensors.buckets, a.dim, a.hidden, .15)
    with torch.no_grad():
        grown(net, z, old, tensors)
    devb = tensors.batches(dev, 512, False)

    def keep(net):
        temp, shift = calibrated(net, devb)
        save(a.out, net, tensors, temp, shift + a.shift)
    further(net, tensors, train, devb, a.epochs, a.lr, keep)


main()
