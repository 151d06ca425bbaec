"""The mean of weights that came out of one training one after the other, calibrated anew: what a slow end would have given.

usage: mean.py --weights A.npz B.npz [--before OLD.npz --share .4] [--trigram .7] --utterances U.jsonl ... --out NEW.npz
OLD.npz are the weights that were grown (grow.py): what it knew counts for --share where it had a weight.
--trigram: what the second head of trigram.py counts for beside the first.
Their words must be the same. Numpy only: no training, some seconds.
"""
import argparse, json, random, zlib
import numpy as np
from data import HELD, chunks, example, split_of
from infer import TurnWords

EACH = 150  # utterances of each corpus that it is calibrated on, from those kept for development


def mean(files, trigram=0.):
    """the arrays of a file whose weights are those of `files` on average, their heads added up"""
    stored = [dict(np.load(f)) for f in files]
    for z in stored:
        for k, second in (('wo', z.pop('wo2', 0.)), ('bo', z.pop('bo2', 0.))):
            z[k] = z[k] + trigram * second
    assert all(np.array_equal(z['vocab'], stored[0]['vocab']) for z in stored), 'other words'
    of = lambda k: np.mean([z[k].astype(np.float32) for z in stored], axis=0)
    vectors = np.mean([z['emb'].astype(np.float32) * z['scale'].astype(np.float32) for z in stored], axis=0)
    scale = np.abs(vectors).max(1, keepdims=True) / 127
    return {**stored[0], **{k: of(k).astype(np.float16) for k in ('wi', 'wh', 'bi', 'bh', 'wo', 'bo')},
            'emb': np.round(vectors / scale).astype(np.int8), 'scale': scale.astype(np.float16), 'temp': 1., 'shift': 0.}


def mixed(new, old, share):
    """`new` with `share` of `old` wherever that has a weight: a corner of each array (see grow.grown)"""
    f = lambda z, k: z[k].astype(np.float32)
    voc, known = ({w: i for i, w in enumerate(bytes(z['vocab']).decode().split('\n'))} for z in (new, old))
    buckets = int(old['buckets'])
    rows = [known.get(w, len(known) + zlib.crc32(w[-3:].encode()) % buckets) for w in voc] + [len(known) + i for i in range(buckets)]
    vectors, was = f(new, 'emb') * f(new, 'scale'), f(old, 'emb') * f(old, 'scale')
    vectors[:, :was.shape[1]] = share * was[rows] + (1 - share) * vectors[:, :was.shape[1]]
    out = {**new, 'bo': share * f(old, 'bo') + (1 - share) * f(new, 'bo'), 'wo': f(new, 'wo')}
    size, before = new['wh'].shape[1], old['wh'].shape[1]
    out['wo'][:before] = share * f(old, 'wo') + (1 - share) * out['wo'][:before]
    for k in ('wi', 'wh', 'bi', 'bh'):
        out[k], z = f(new, k), f(old, k)
        for gate in range(3):
            at = (slice(gate * size, gate * size + before), *(slice(0, n) for n in z.shape[1:]))
            out[k][at] = share * z[gate * before:(gate + 1) * before] + (1 - share) * out[k][at]
    scale = np.abs(vectors).max(1, keepdims=True) / 127
    return {**out, **{k: out[k].astype(np.float16) for k in ('wi', 'wh', 'bi', 'bh', 'wo', 'bo')}, 'emb': np.round(vectors / scale).astype(np.int8), 'scale': scale.astype(np.float16)}


def marked(model, files, seed=1):
    """(log-odds, label, weight) of the cuts of utterances kept for development"""
    rng, by = random.Random(seed), {}
    for c, d, t in (json.loads(l) for f in files for l in open(f)):
        if c not in HELD and split_of(c, d) == 'dev':
            by.setdefault(c, []).append(t)
    for _, texts in sorted(by.items()):
        rng.shuffle(texts)
        for ch in filter(None, map(chunks, texts[:EACH])):
            words, labels, weights = example(ch[:model.keep])
            yield from (row for row in zip(model.steps(words), labels, weights) if row[1] != .5 and row[2] > 0)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('--weights', required=True, nargs='+')
    ap.add_argument('--before')
    ap.add_argument('--share', type=float, default=.4)
    ap.add_argument('--trigram', type=float, default=0.)
    ap.add_argument('--utterances', required=True, nargs='+')
    ap.add_argument('--shift', type=float, default=0., help='added at the end, so that 0.2 accepts 95 in 100 of the complete cases')
    ap.add_argument('--out', required=True)
    a = ap.parse_args()
    new = mean(a.weights, a.trigram)
    if a.before:
        new = mixed(new, dict(np.load(a.before)), a.share)
    np.savez_compressed(a.out, **new)
    x, y, w = np.array(list(marked(TurnWords(a.out), a.utterances))).T
    w = np.where(y > .5, w / w[y > .5].sum(), w / w[y < .5].sum())
    features, fit = np.c_[x, np.ones(len(x))], np.array([1., 0.])
    for _ in range(40):  # logistic regression: slope and shift
        p = 1 / (1 + np.exp(-features @ fit))
        fit += np.linalg.solve((features * (w * p * (1 - p))[:, None]).T @ features + 1e-9 * np.eye(2), features.T @ (w * (y - p)))
    print('dev loss %.4f' % (-(w * (y * np.log(p) + (1 - y) * np.log(1 - p))).sum() / 2), 'slope %.3f shift %.3f' % tuple(fit))
    np.savez_compressed(a.out, **{**new, 'temp': 1 / fit[0], 'shift': fit[1] + a.shift})


main()
