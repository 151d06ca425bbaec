"""Trains given weights on openings (openings.py); on all other text they are held to what they said before.

usage: retain.py --weights OLD.npz --utterances U.jsonl ... --openings openings.jsonl --cases cases.tsv --sentences sentences.txt --out STEM
Of the other text the target is mostly the old weights' own probability, a little the label; turns that are nothing but an
opening are left out (answers to a question: localvoice/turn/context.py knows of those). STEM-01.npz, ... after every part of
the training. One thread.
"""
import argparse, random, re, time
import numpy as np, torch
from data import chunks, example, load, own, pause_weights
from fitting import Net, Tensors, bce, kept_out, loss, pad, parts, save
from openings import BEFORE_CLAUSE, DIGITS, SUBJECT
from spoken import spoken

SHARE = {'selfdialogue': 3, 'prose': 3, 'voice': 3, 'books': 2, 'own': 2, 'spoken': 2}  # of a corpus, in --cap
LABELS = .15  # what labels count for beside what the old weights said
AT_COMMA, INSIDE, BEHIND = .6, .3, .2  # weights of the cuts behind an opening, in it, and in what follows
AT_NUMBER = .5  # behind a noun that a number follows
ONLY = re.compile(r"^(?:(?:%s) %s|in order to|to (?!the|my|your|our|a|an|this|that|it|him|her|them|me|you)) [^,.?!]+[.?!]*$" % (BEFORE_CLAUSE, SUBJECT), re.I)
ANSWER = re.compile(r"^(in|on|at|for|to|from|with|by|near|after|before|until|around|about|the|my|this|that|next|behind|under|of|without)\b[^,.?!]*[.?!]?$", re.I)
AGAIN = 3  # times that answers of a few words go in
QUESTION = re.compile(r"^(when|since when) (is|are|was|were|do|does|did|will|can|could|should|would|has|have|am|'s)\b", re.I)


def only_opens(text):
    """whether a turn is a short clause and no more, or cannot be told from one"""
    return ONLY.match(text) is not None and text.count(' ') < 9 and not QUESTION.match(text)


def answers(text):
    """whether a turn is a phrase as short as what one answers: "in the kitchen\""""
    return text.count(' ') < 4 and ANSWER.match(text) is not None


def opened(kind, text):
    """words, labels and weights of a row of openings.py"""
    ch = chunks(text)
    pw = [p or 0. for p in pause_weights(ch)]
    comma = next((i for i, (_, m) in enumerate(ch[:-1]) if m == ','), -1) if kind == 'opens' else -1
    if kind == 'states':
        return example(ch)
    spread = lambda at, total: {i: total * (.4 / len(at) + .6 * pw[i] / (sum(pw[j] for j in at) or 1)) for i in at}
    weights = {**spread(range(comma), INSIDE), **spread(range(comma + 1, len(ch) - 1), BEHIND), len(ch) - 1: 1., **({comma: AT_COMMA} if comma >= 0 else {})}
    if kind == 'closes':  # in front of what closes it, a turn could be over
        there = next((i for i, (_, m) in enumerate(ch) if m == ';'), -1)
        weights.update(dict.fromkeys(range(there + 1), 0.))
    if kind == 'numbered':
        weights.update({i: AT_NUMBER for i in range(1, len(ch) - 1) if ch[i + 1][0] in DIGITS and ch[i][0] not in DIGITS})
    return [w for w, _ in ch], [0.] * (len(ch) - 1) + [1.], [weights[i] for i in range(len(ch))]


class Openings(Tensors):
    """Rows of openings.py beside utterances as others have them"""

    def one(s, ch, aug):
        if isinstance(ch, tuple):
            w, lab, wt = opened(*ch)
            return [s.idx(x, aug and s.rng.random() < .04) for x in w][:s.keep], lab[:s.keep], wt[:s.keep]
        return super().one(ch, aug)


def loaded(z):
    net = Net(len(z['emb']), z['emb'].shape[1], z['wh'].shape[1], .1)
    t = lambda k: torch.tensor(np.asarray(z[k], np.float32))
    with torch.no_grad():
        net.e.weight.copy_(t('emb') * t('scale'))
        for k, v in {**net.gru(), 'wo': net.o.weight[0], 'bo': net.o.bias}.items():
            v.copy_(t(k))
        net.o.weight.div_(float(z['temp']))
        net.o.bias.div_(float(z['temp'])).add_(float(z['shift']))
    return net


def step(net, before, usual, new, share):
    """the loss of a batch of each kind"""
    x, y, w = usual
    with torch.no_grad():
        said = torch.sigmoid(before(x))
    target = torch.where(y == .5, said, LABELS * y + (1 - LABELS) * said)
    l = bce(net(x), target, w, reduction='sum') / w.sum()
    x, y, w = new
    return l + share * bce(net(x), y, w, reduction='sum') / w.sum()


def main():
    ap = argparse.ArgumentParser()
    for k in ('weights', 'openings', 'cases', 'sentences', 'out'):
        ap.add_argument('--' + k, required=True)
    ap.add_argument('--utterances', required=True, nargs='+')
    ap.add_argument('--cap', type=int, default=12000)
    ap.add_argument('--steps', type=int, default=1500)
    ap.add_argument('--parts', type=int, default=3)
    ap.add_argument('--lr', type=float, default=1.5e-3)
    ap.add_argument('--share', type=float, default=.6, help='of openings in the loss')
    ap.add_argument('--seed', type=int, default=41)
    a = ap.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(a.seed)
    rng, z = random.Random(a.seed), np.load(a.weights)
    forbid = kept_out(a.cases, a.sentences)
    rows = [row for path in a.utterances for row in load(path)] + own(14000, forbid=forbid) + spoken(16000, forbid=forbid)
    most = lambda c, s: int(a.cap * SHARE.get(c, 1)) if s == 'train' else 150
    some = [r for r in rows if not only_opens(r[2])]
    print(len(rows) - len(some), 'turns are nothing but an opening', flush=True)
    train, dev = parts(some, rng, most, forbid)
    short = parts([r for r in some if answers(r[2])], rng, lambda c, s: 1500 if s == 'train' else 0, forbid)[0]
    train += short * AGAIN
    new = [(c, t) for c, _, t in load(a.openings)]
    rng.shuffle(new)
    newdev, new = new[:1500], new[1500:]
    tensors = Openings(bytes(z['vocab']).decode().split('\n'), int(z['buckets']), int(z['keep']), rng)
    before, net = loaded(z).eval(), loaded(z)
    devb, newb = tensors.batches(dev, 512, False), tensors.batches(newdev, 512, False)
    print(len(train), 'utterances,', len(short), 'of them short answers,', len(new), 'openings; before: dev %.4f, openings %.4f' % (loss(before, devb), loss(before, newb)), flush=True)
    opt = torch.optim.AdamW(net.parameters(), lr=a.lr, weight_decay=1e-4)
    start, usual, others = time.process_time(), [], []
    for n in range(a.steps):
        usual = usual or tensors.batches(train, 192, True)
        others = others or tensors.batches(new, 96, True)
        for g in opt.param_groups:
            g['lr'] = a.lr * min(1, (n + 1) / 50) * max(.02, 1 - n / a.steps)
        net.train()
        opt.zero_grad()
        step(net, before, pad(usual.pop()), pad(others.pop()), a.share).backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.)
        opt.step()
        if (n + 1) % (a.steps // a.parts) == 0:
            net.eval()
            print('%d steps, %.0f s: dev %.4f, openings %.4f' % (n + 1, time.process_time() - start, loss(net, devb), loss(net, newb)), flush=True)
            save('%s-%02d.npz' % (a.out, (n + 1) // (a.steps // a.parts)), net, tensors, 1., 0.)


if __name__ == '__main__':
    main()
