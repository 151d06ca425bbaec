"""What train.py, refine.py and grow.py have in common: examples as batches, the network, its passes, and the file."""
import collections, zlib
import numpy as np, torch
from data import HELD, chunks, example, split_of
from infer import words

bce = torch.nn.functional.binary_cross_entropy_with_logits


def kept_out(cases, sentences=None):
    """the texts that figures are made on: cases.tsv, and the sentences of benchmarks/turns"""
    out = {' '.join(words(l.split('\t')[2])) for l in open(cases).read().split('\n')[1:] if l}
    return out | {' '.join(words(l.partition(': ')[2].replace(' | ', ' '))) for l in open(sentences)} if sentences else out


def parts(utterances, rng, most, forbid=()):
    """(training, dev) examples as chunks; `most(corpus, split)` bounds a corpus"""
    by = collections.defaultdict(list)
    for c, d, t in utterances:
        s = split_of(c, d)
        if c not in HELD and s != 'test' and t.lower().rstrip('.?! ') not in forbid:
            by[c, s].append(t)
    out = {'train': [], 'dev': []}
    for (c, s), l in sorted(by.items()):
        rng.shuffle(l)
        out[s].extend(x for x in map(chunks, l[:most(c, s)]) if x)
    return out['train'], out['dev']


class Tensors:
    """Utterances as word numbers, labels and weights; when training, some lose their beginning, get fillers or unknown words."""

    def __init__(s, voc, buckets, keep, rng):
        s.voc, s.ix, s.buckets, s.keep, s.rng = voc, {w: i for i, w in enumerate(voc)}, buckets, keep, rng

    def unknown(s, w):
        return len(s.voc) + zlib.crc32(w[-3:].encode()) % s.buckets

    def idx(s, w, drop=False):
        i = s.ix.get(w)
        return s.unknown(w) if i is None or drop else i

    def one(s, ch, aug):
        k = s.rng.randrange(1, 3) if aug and len(ch) > 4 and s.rng.random() < .1 else 0
        w, lab, wt = example(ch[k:], s.rng, .15 if aug else 0.)
        return [s.idx(x, aug and s.rng.random() < .05) for x in w][:s.keep], lab[:s.keep], wt[:s.keep]

    def batches(s, utterances, size, aug):
        ex = sorted([s.one(ch, aug) for ch in utterances], key=lambda e: len(e[0]) + s.rng.random())
        b = [ex[i:i + size] for i in range(0, len(ex), size)]
        s.rng.shuffle(b)
        return b


def pad(b):
    n = max(len(e[0]) for e in b)
    f = lambda k, v: [e[k] + [v] * (n - len(e[k])) for e in b]
    return torch.tensor(f(0, 0)), torch.tensor(f(1, 0.)), torch.tensor(f(2, 0.))


class Net(torch.nn.Module):
    def __init__(s, words, dim, hidden, dropout):
        super().__init__()
        s.e = torch.nn.Embedding(words, dim)
        s.g = torch.nn.GRU(dim, hidden, batch_first=True)
        s.o = torch.nn.Linear(hidden, 1)
        s.d = torch.nn.Dropout(dropout)

    def forward(s, x):
        return s.o(s.d(s.g(s.d(s.e(x)))[0])).squeeze(-1)

    def gru(s):
        """its weights, by their names in the file"""
        return {'wi': s.g.weight_ih_l0, 'wh': s.g.weight_hh_l0, 'bi': s.g.bias_ih_l0, 'bh': s.g.bias_hh_l0}


def learn(net, opt, sch, batches):
    """one pass; the mean loss of its batches"""
    net.train()
    tot = 0.
    for b in batches:
        x, y, w = pad(b)
        l = bce(net(x), y, w, reduction='sum') / w.sum()
        opt.zero_grad()
        l.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.)
        opt.step()
        sch.step()
        tot += l.item()
    net.eval()
    return tot / len(batches)


def further(net, tensors, train, devb, epochs, lr, keep=None):
    """passes over weights that know something already"""
    opt = torch.optim.AdamW(net.parameters(), lr=lr, weight_decay=1e-4)
    sch = torch.optim.lr_scheduler.LinearLR(opt, 1., .05, total_iters=(len(train) // 256 + 1) * epochs)
    for ep in range(epochs):
        learn(net, opt, sch, tensors.batches(train, 256, True))
        print('epoch %d dev %.4f' % (ep, loss(net, devb)), flush=True)
        if keep:
            keep(net)


def loss(net, batches):
    with torch.no_grad():
        r = [(bce(net(x), y, w, reduction='sum').item(), w.sum().item()) for x, y, w in map(pad, batches)]
    return sum(p[0] for p in r) / sum(p[1] for p in r)


def calibrated(net, batches):
    """(temperature, shift), complete and cut with equal total weight"""
    with torch.no_grad():
        L, Y, W = (np.concatenate(v) for v in zip(*[(net(x)[w > 0].numpy(), y[w > 0].numpy(), w[w > 0].numpy()) for x, y, w in map(pad, batches)]))
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
    return temp, shift


def save(path, net, tensors, temp, shift):
    E = net.e.weight.detach().numpy()
    sc = np.abs(E).max(1, keepdims=True) / 127
    f = lambda t: t.detach().numpy().astype(np.float16)
    np.savez_compressed(path, vocab=np.frombuffer('\n'.join(tensors.voc).encode(), np.uint8), buckets=tensors.buckets, keep=tensors.keep,
                        emb=np.round(E / sc).astype(np.int8), scale=sc.astype(np.float16), **{k: f(v) for k, v in net.gru().items()},
                        wo=f(net.o.weight[0]), bo=f(net.o.bias), temp=temp, shift=shift)
