"""The words alone on people: ends against pauses laid between words; beginnings against whole utterances; own openings.

usage: PYTHONPATH=. scripts/turnwords/people.py --weights A.npz ... --people DIR ... --beginnings DIR --whole DIR --openings openings.tsv
Folders hold NAME.txt beside NAME.wav (benchmarks/turns/people.py). Of --whole is left out what --beginnings has too. `--sample` N of a folder.
"""
import argparse, random
from pathlib import Path
import numpy as np
from benchmarks.turns.corpus import sentences
from benchmarks.turns.people import turns_of
from evaluate import auc
from infer import TurnWords


def places(folder, sample):
    """(words so far, whether the turn ends there)"""
    paths = sorted(Path(folder).glob('*.wav'))
    random.Random(1).shuffle(paths)
    turns = [t for p in paths[:sample] for t in turns_of(p)]
    return [(p.words, p.is_finished) for t in turns for p in t.pauses() if p.is_finished == (t.kind == 'natural')]


def texts(folder):
    return {p.stem: p.read_text().strip() for p in Path(folder).glob('*.txt')}


def sentence_places(half):
    return [(' '.join(s.phrases[:n]), n == len(s.phrases)) for s in sentences(half) for n in range(1, len(s.phrases) + 1)]


def told(model, rows):
    """AUC, and the shares of what does not end above the surest 95 and 60 in 100 ends, and above 0.5"""
    z, y = (np.array(v) for v in zip(*[(model.logit(t), end) for t, end in rows if model.known(t) >= .6]))
    ends, others = z[y], z[~y]
    return 'AUC %.3f of %d, %d; above 95, 60 of 100 ends %.2f, %.2f; others above 0.5 %.2f, ends below 0.2 %.3f' % (
        auc(z.astype(float), y.astype(float), np.ones(len(z))), len(ends), len(others),
        *((others >= np.quantile(ends, 1 - q)).mean() for q in (.95, .6)), (others > 0).mean(), (ends < np.log(.25)).mean())


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('--weights', required=True, nargs='+')
    ap.add_argument('--people', default=[], nargs='*')
    ap.add_argument('--sample', type=int)
    for k in ('beginnings', 'whole', 'openings'):
        ap.add_argument('--' + k)
    a = ap.parse_args()
    sets = {folder: places(folder, a.sample) for folder in a.people}
    if a.beginnings:
        begun = texts(a.beginnings)
        sets['beginnings'] = [(t, False) for t in begun.values()] + [(t, True) for name, t in texts(a.whole).items() if name not in begun]
    if a.openings:
        sets['openings'] = [(t, kind == 'whole') for kind, t in (l.split('\t') for l in Path(a.openings).read_text().splitlines())]
    sets.update({half: sentence_places(half) for half in ('choosing', 'reporting')})
    for path in a.weights:
        model = TurnWords(path)
        for name, rows in sets.items():
            print(path, name, told(model, rows))


main()
