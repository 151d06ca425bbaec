"""Trains given weights on, beside them a second head that learns what a trigram of English says of the same cuts.

usage: trigram.py --weights OLD.npz --utterances U.jsonl ... --cases cases.tsv --sentences sentences.txt --out STEM --until CLOCK
The trigram is the one that pocketsphinx brings (en-us.lm.bin): log P(end of sentence | the last two words). Read where the
program runs it would cost 33 MB and 42 ms; the second head has learned it. STEM-01.npz, ... are written every three minutes, the
head of the labels in `wo`, the other one in `wo2`; heads.py makes weights of them. One thread; the rate falls with the clock.
Needs PyTorch and pocketsphinx.
"""
import argparse, collections, random, time, zlib
import numpy as np, pocketsphinx, torch
from data import HELD, WRITTEN, chunks, example, load, own, softened, split_of
from fitting import Net, bce, kept_out, save
from spoken import spoken

SHARE = {'selfdialogue': 3, 'prose': 3, 'voice': 3, 'books': 2}  # of a corpus, in --cap
EVERY_S = 180.
SIZE = 256  # utterances of a batch


class Trigram:
    """log P(end | the last two words); NaN behind a word that it does not know"""

    def __init__(s):
        pocketsphinx.set_loglevel('FATAL')
        s.log = pocketsphinx.LogMath()
        s.model = pocketsphinx.NGramModel(pocketsphinx.Config(hmm=None, lm=None, dict=None), s.log, pocketsphinx.get_model_path('en-us/en-us.lm.bin'))
        s.said = {}

    def known(s, w):
        return s.model.prob([w]) > -5e6

    def ends(s, before, w):
        if (before, w) not in s.said:
            history = [w, '<s>'] if before is None else [w, before] if s.known(before) else [w]  # the newest word first
            s.said[before, w] = s.log.log_to_ln(s.model.prob(['</s>', *history])) if s.known(w) else np.nan
        return s.said[before, w]


def corpora(paths, forbid, cap):
    """(corpus, whether it is trained on, chunks)"""
    by = collections.defaultdict(list)
    for c, d, t in [r for p in paths for r in load(p)] + own(14000, forbid=forbid) + spoken(16000, forbid=forbid):
        if c not in HELD and (s := split_of(c, d)) != 'test':
            by[c, s].append(t)
    pick = random.Random(5)
    for (c, s), l in sorted(by.items()):
        pick.shuffle(l)
        for t in l[:int(cap * SHARE.get(c, 1)) if s == 'train' else 200]:
            if t.lower().rstrip('.?! ') not in forbid and (ch := chunks(t)):
                yield c, s == 'train', ch


class Text:
    """All utterances one behind the other: numbers of words, labels, weights, and what the trigram says"""

    def __init__(s, rows, z, rng):
        voc = bytes(z['vocab']).decode().split('\n')
        ix, buckets, keep, says = {w: i for i, w in enumerate(voc)}, int(z['buckets']), int(z['keep']), Trigram()
        columns, s.corpus = [], []
        for c, train, ch in rows:
            if train and len(ch) > 4 and rng.random() < .1:
                ch = ch[rng.randrange(1, 3):]
            w, lab, wt = example(softened(ch) if c in WRITTEN else ch, rng if train else None, .15 if train else 0.)
            unknown = [len(voc) + zlib.crc32(x[-3:].encode()) % buckets for x in w]
            columns.append(np.array([[ix.get(x, u), u, l, t, says.ends(b, x)] for x, u, l, t, b in zip(w, unknown, lab, wt, [None, *w])][:keep], np.float32))
            s.corpus.append('' if train else c)
        s.long = np.array([len(c) for c in columns])
        s.at = np.concatenate([[0], np.cumsum(s.long)])
        s.ids, s.unknown, s.labels, s.weights, s.says = np.concatenate(columns).T
        s.known = ~np.isnan(s.says)
        s.says = s.probable(np.repeat([c != '' for c in s.corpus], s.long))

    def probable(s, dev):
        """the trigram as a probability, by logistic regression on development text"""
        k = dev & s.known & (s.weights > 0) & (s.labels != .5)
        x, y, w, fit = np.c_[s.says[k], np.ones(k.sum())].astype(float), s.labels[k].astype(float), s.weights[k].astype(float), np.zeros(2)
        w = np.where(y > .5, w / w[y > .5].sum(), w / w[y < .5].sum())
        for _ in range(20):
            p = 1 / (1 + np.exp(-x @ fit))
            fit += np.linalg.solve((x * (w * p * (1 - p))[:, None]).T @ x, x.T @ (w * (y - p)))
        print('log P(end) as log-odds: slope %.2f, bias %.2f' % tuple(fit))
        return 1 / (1 + np.exp(-(np.nan_to_num(s.says) * fit[0] + fit[1])))

    def batch(s, which, rng=None):
        """word numbers, labels and their weights, the trigram's and theirs; some words unknown where `rng` is given"""
        inside = np.arange(s.long[which].max()) < s.long[which][:, None]
        g = np.minimum(s.at[which][:, None] + np.arange(inside.shape[1]), len(s.ids) - 1)
        x = s.ids[g] if rng is None else np.where(rng.random(g.shape) < .04, s.unknown[g], s.ids[g])
        w = np.where(inside, s.weights[g], 0)
        f = lambda v: torch.from_numpy(v.astype(np.float32))
        return torch.from_numpy(np.where(inside, x, 0).astype(np.int64)), f(s.labels[g]), f(w), f(s.says[g]), f(w * s.known[g])


class Two(Net):
    """The network with a second head"""

    def __init__(s, z, words):
        super().__init__(words, z['emb'].shape[1], z['wh'].shape[1], .1)
        s.q = torch.nn.Linear(z['wh'].shape[1], 1)
        t = lambda k: torch.tensor(np.asarray(z[k], np.float32))
        with torch.no_grad():
            s.e.weight.copy_(t('emb') * t('scale'))
            for k, v in {**s.gru(), 'wo': s.o.weight[0], 'bo': s.o.bias}.items():
                v.copy_(t(k))
            s.q.weight.copy_(s.o.weight)
            s.q.bias.copy_(s.o.bias)

    def losses(s, x, y, w, says, ws):
        h = s.d(s.g(s.d(s.e(x)))[0])
        of = lambda head, y, w: bce(head(h).squeeze(-1), y, w, reduction='sum') / w.sum()
        return of(s.o, y, w), of(s.q, says, ws)


def report(net, text):
    """dev loss of both heads, and that of the labels by corpus"""
    net.eval()
    with torch.no_grad():
        by = {c: net.losses(*text.batch(np.flatnonzero(np.array(text.corpus) == c))) for c in sorted(set(text.corpus) - {''})}
    print('   dev %.4f, trigram %.4f,' % tuple(np.mean([[v.item() for v in l] for l in by.values()], axis=0)), ' '.join('%s %.3f' % (c, l[0]) for c, l in by.items()), flush=True)


def main():
    ap = argparse.ArgumentParser()
    for k in ('weights', 'cases', 'sentences', 'out'):
        ap.add_argument('--' + k, required=True)
    ap.add_argument('--utterances', required=True, nargs='+')
    ap.add_argument('--cap', type=int, default=16000)
    ap.add_argument('--passes', type=float, default=6., help='ends after so many, or by the clock')
    ap.add_argument('--until', type=float, required=True, help='seconds since 1970')
    ap.add_argument('--lr', type=float, default=2e-3)
    ap.add_argument('--seed', type=int, default=21)
    a = ap.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(a.seed)
    rng, z = np.random.default_rng(a.seed), np.load(a.weights)
    text = Text(corpora(a.utterances, kept_out(a.cases, a.sentences), a.cap), z, random.Random(100))
    class words: voc, buckets, keep = bytes(z['vocab']).decode().split('\n'), int(z['buckets']), int(z['keep'])
    net = Two(z, len(words.voc) + words.buckets)
    train = np.flatnonzero(np.array(text.corpus) == '')
    opt = torch.optim.AdamW(net.parameters(), lr=a.lr, weight_decay=1e-4)
    start = last = time.time()
    n, saved, steps = 0, 0, a.passes * (len(train) // SIZE)
    print(len(train), 'utterances', flush=True)
    report(net, text)
    def keep():
        print('%.0f s, %d steps' % (time.time() - start, n), flush=True)
        report(net, text)
        path = '%s-%02d.npz' % (a.out, saved)
        save(path, net, words, 1., 0.)
        np.savez_compressed(path, **np.load(path), wo2=net.q.weight[0].detach().numpy(), bo2=net.q.bias.detach().numpy())
    left = 1.
    while left > 0:
        order = train[np.argsort(text.long[train] + rng.random(len(train)) * 1.5)]
        batches = [order[i:i + SIZE] for i in range(0, len(order), SIZE)]
        for i in rng.permutation(len(batches)):
            left = 1 - max((time.time() - start) / (a.until - start), n / steps)
            if left <= 0:
                break
            for g in opt.param_groups:
                g['lr'] = a.lr * min(1, (n + 1) / 100) * max(.02, left)
            net.train()
            opt.zero_grad()
            sum(net.losses(*text.batch(batches[i], rng))).backward()
            torch.nn.utils.clip_grad_norm_(net.parameters(), 1.)
            opt.step()
            n += 1
            if time.time() - last > EVERY_S:
                last, saved = time.time(), saved + 1
                keep()
    saved += 1
    keep()


main()
