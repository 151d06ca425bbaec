"""Grow given weights: more units, longer vectors, more words, trained on more text (prose.py, spoken.py) as well.

usage: grow.py --weights OLD.npz --utterances U.jsonl [PROSE.jsonl] --cases cases.tsv --sentences sentences.txt --out NEW.npz
What the old model knew is copied into a corner of the new one, whose other weights begin small. One thread.
"""
import argparse, collections, random, zlib
import numpy as np, torch
from data import *
from infer import words
from spoken import spoken

HELD = ('sgd', 'dstc10', 'topicalasr', 'mrda_S', 'mrda_D', 'prose_test')


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
    nb, keep, h0, d0 = int(z['buckets']), int(z['keep']), z['wh'].shape[1], z['emb'].shape[1]
    hidden, dim = a.hidden, a.dim
    forbid = {' '.join(words(l.partition(': ')[2].replace(' | ', ' '))) for l in open(a.sentences)}
    forbid |= {' '.join(words(l.split('\t')[2])) for l in open(a.cases).read().split('\n')[1:] if l}
    by = collections.defaultdict(list)
    for c, d, t in [row for path in a.utterances for row in load(path)] + own(14000, forbid=forbid) + spoken(a.spoken, forbid=forbid):
        if c not in HELD and t.lower().rstrip('.?! ') not in forbid:
            s = split_of(c, d)
            if s != 'test':
                by[c, s].append(t)
    train, dev = [], []
    for (c, s), l in sorted(by.items()):
        rng.shuffle(l)
        l = l[:a.cap * {'selfdialogue': 4, 'prose': 3}.get(c, 3 if c in ('own', 'spoken') else 1) if s == 'train' else 200]
        (train if s == 'train' else dev).extend(x for x in map(chunks, l) if x)
    count = collections.Counter(w for ch in train for w, _ in ch)
    known = set(old)
    voc = old + [w for w, n in count.most_common() if n >= 5 and w not in known][:max(0, a.vocab - len(old))]
    ix = {w: i for i, w in enumerate(voc)}
    print(len(train), len(dev), 'utterances', len(voc), 'words', flush=True)

    def idx(w, drop=False):
        i = ix.get(w)
        return len(voc) + zlib.crc32(w[-3:].encode()) % nb if i is None or drop else i

    def tensors(ch, aug):
        k = rng.randrange(1, 3) if aug and len(ch) > 4 and rng.random() < .1 else 0
        w, lab, wt = example(ch[k:], rng, .15 if aug else 0.)
        return [idx(x, aug and rng.random() < .05) for x in w][:keep], lab[:keep], wt[:keep]

    class Net(torch.nn.Module):
        def __init__(s):
            super().__init__()
            s.e = torch.nn.Embedding(len(voc) + nb, dim)
            s.g = torch.nn.GRU(dim, hidden, batch_first=True)
            s.o = torch.nn.Linear(hidden, 1)
            s.d = torch.nn.Dropout(.15)

        def forward(s, x):
            return s.o(s.d(s.g(s.d(s.e(x)))[0])).squeeze(-1)

    net = Net()
    with torch.no_grad():
        vectors = np.asarray(z['emb'], np.float32) * np.asarray(z['scale'], np.float32)
        net.e.weight.mul_(.1)
        net.e.weight[:len(old), :d0] = torch.tensor(vectors[:len(old)])
        net.e.weight[len(voc):, :d0] = torch.tensor(vectors[len(old):])
        for w in voc[len(old):]:
            net.e.weight[ix[w], :d0] = torch.tensor(vectors[len(old) + zlib.crc32(w[-3:].encode()) % nb])
        for own_, k in ((net.g.weight_ih_l0, 'wi'), (net.g.weight_hh_l0, 'wh'), (net.g.bias_ih_l0, 'bi'), (net.g.bias_hh_l0, 'bh')):
            was = torch.tensor(np.asarray(z[k], np.float32))
            for gate in range(3):
                part, before = own_[gate * hidden:(gate + 1) * hidden], was[gate * h0:(gate + 1) * h0]
                if part.dim() == 1:
                    part[:h0] = before
                else:
                    part[:h0] *= .1  # what is new speaks softly to what is old
                    part[:h0, :before.shape[1]] = before
        net.o.weight.mul_(.1)
        net.o.weight[0, :h0] = torch.tensor(np.asarray(z['wo'], np.float32))
        net.o.bias.copy_(torch.tensor(np.asarray(z['bo'], np.float32)))

    def pad(b):
        n = max(len(e[0]) for e in b)
        f = lambda k, v: [e[k] + [v] * (n - len(e[k])) for e in b]
        return torch.tensor(f(0, 0)), torch.tensor(f(1, 0.)), torch.tensor(f(2, 0.))

    def batches(ex, size):
        ex = sorted(ex, key=lambda e: len(e[0]) + rng.random())
        b = [ex[i:i + size] for i in range(0, len(ex), size)]
        rng.shuffle(b)
        return b

    bce = torch.nn.functional.binary_cross_entropy_with_logits
    devb = batches([tensors(c, False) for c in dev], 512)
    opt = torch.optim.AdamW(net.parameters(), lr=a.lr, weight_decay=1e-4)
    sch = torch.optim.lr_scheduler.LinearLR(opt, 1., .05, total_iters=(len(train) // 256 + 1) * a.epochs)
    for ep in range(a.epochs):
        net.train()
        for b in batches([tensors(c, True) for c in train], 256):
            x, y, w = pad(b)
            l = bce(net(x), y, w, reduction='sum') / w.sum()
            opt.zero_grad()
            l.backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.)
            opt.step()
            sch.step()
        net.eval()
        torch.save(net.state_dict(), a.out + '.pt')
        with torch.no_grad():
            r = [(bce(net(x), y, w, reduction='sum').item(), w.sum().item()) for x, y, w in map(pad, devb)]
        print('epoch %d dev %.4f' % (ep, sum(p[0] for p in r) / sum(p[1] for p in r)), flush=True)
    # temperature and shift on dev, complete and cut with equal total weight
    with torch.no_grad():
        L, Y, W = (np.concatenate(v) for v in zip(*[(net(x)[w > 0].numpy(), y[w > 0].numpy(), w[w > 0].numpy()) for x, y, w in map(pad, devb)]))
    k = Y != .5
    L, Y, W = torch.tensor(L[k]), torch.tensor(Y[k]), torch.tensor(W[k])
    W = torch.where(Y > .5, W / W[Y > .5].sum(), W / W[Y < .5].sum())
    ts = torch.tensor([1., 0.], requires_grad=True)
    o = torch.optim.LBFGS([ts], max_iter=50)

    def close():
        o.zero_grad()
        l = bce(L / ts[0] + ts[1], Y, W, reduction='sum')
        l.backward()
        return l
    o.step(close)
    temp, shift = ts.tolist()
    print('temperature %.3f shift %.3f' % (temp, shift))
    E = net.e.weight.detach().numpy()
    sc = np.abs(E).max(1, keepdims=True) / 127
    f = lambda t: t.detach().numpy().astype(np.float16)
    np.savez_compressed(a.out, vocab=np.frombuffer('\n'.join(voc).encode(), np.uint8), buckets=nb, keep=keep, emb=np.round(E / sc).astype(np.int8), scale=sc.astype(np.float16),
                        wi=f(net.g.weight_ih_l0), wh=f(net.g.weight_hh_l0), bi=f(net.g.bias_ih_l0), bh=f(net.g.bias_hh_l0),
                        wo=f(net.o.weight[0]), bo=f(net.o.bias), temp=temp, shift=shift + a.shift)


main()
