"""Ordinary English beside dialogues: sentences read aloud, requests, questions of facts, messages of programs, more books.

usage: ordinary.py --mirrors DIR --out ordinary.jsonl
One JSON line each, as corpora.py writes them. What is missing is skipped. Sources and licences: README.md.
"""
import argparse, html, json, re
from corpora import Repo
from infer import words
from prose import sentences

VOICE = ('jf99', 'DNGros', 'ajaydee', 'elleo', 'est31', 'mlennox', 'bavencope', 'harvsents', 'james_fortune', 'kieran_drew', 'pro.gadget', 'RLarissa', 'thehowl', 'tlcoles', 'sentence-collector')
ANDROID = ('apps_Dialer', 'apps_Messaging', 'apps_Contacts', 'services_Telephony', 'services_Telecomm')
BOOKS = {'GITenberg/Little-Women_514': '514.txt', 'GITenberg/Alice-s-Adventures-in-Wonderland_11': '11.txt', 'GITenberg/The-Railway-Children_1874': '1874.txt',
         'GITenberg/Anne-of-Green-Gables_45': '45.txt', 'GITenberg/Right-Ho-Jeeves_10554': '10554.txt', 'GITenberg/Pygmalion_3825': '3825.txt', 'GITenberg/Adventures-of-Huckleberry-Finn_76': '76.txt'}
_SPEAKS = re.compile(r'[,?!]["\u201d\u2019\']? (\w+ )?(said|says|cried|asked|replied|answered|exclaimed|murmured|observed|remarked|whispered|returned|continued|added)\b')
_TAG = re.compile(r'</?xliff:g[^>]*>')


def lines(base, name, path):
    return (Repo(base, name).get(path) or b'').decode('utf8', 'replace').split('\n')


def voice(base):
    """sentences that people were asked to read; names of places and single words are left out by their length"""
    for f in VOICE:
        for i, t in enumerate(lines(base, 'skanderbenalaya/common-voice', 'server/data/en/%s.txt' % f)):
            yield 'voice', f + str(i), t.strip(' "\u201c\u201d\ufeff\u2060')


def requests(base):
    sl = 'pswietojanski/slurp'
    for f in ('devel', 'test'):
        for i, t in enumerate(lines(base, sl, 'dataset/slurp/%s.jsonl' % f)):
            if t:
                yield 'slurp', f + str(i), json.loads(t)['sentence']
    for i, t in enumerate(lines(base, sl, 'dataset/lm/lm.txt')):
        yield 'slurp', 'lm' + str(i), t
    ha = Repo(base, 'home-assistant/intents')
    for p in ha.ls(r'^tests/en/.*yaml$'):
        body = (ha.get(p) or b'').decode('utf8', 'replace')
        for i, t in enumerate(re.findall(r'^      - "?(.*?)"?$', body, re.M)):
            yield 'intents', p + str(i), t
    st = Repo(base, 'RasaHQ/STAR')
    for p in st.ls(r'^dialogues/\d+\.json$')[:2500]:
        for e in json.loads(st.get(p) or b'{"Events": []}')['Events']:
            if e.get('Agent') == 'User' and e.get('Text'):
                yield 'star', p, e['Text']
    for f in ('seed_tasks', 'user_oriented_instructions'):
        for p in Repo(base, 'yizhongw/self-instruct').ls(r'/%s\.jsonl$' % f):
            for i, t in enumerate(lines(base, 'yizhongw/self-instruct', p)):
                if t:
                    yield 'tasks', f + str(i), json.loads(t)['instruction']


def questions(base):
    nq = Repo(base, 'google-research-datasets/natural-questions')
    for p in nq.ls(r'^nq_open/.*(dev|test)\.?(1\.1)?\.jsonl$'):
        for i, t in enumerate((nq.get(p) or b'').decode().split('\n')):
            if t:
                yield 'facts', p + str(i), json.loads(t)['question']


def messages(base):
    """what programs say to their users: statements, refusals and instructions"""
    body = Repo(base, 'home-assistant/frontend').get('src/translations/en.json') or b'{}'
    for i, t in enumerate(re.findall(r'": "((?:[^"\\]|\\.)*)"', body.decode())):
        yield 'messages', 'ha%d' % i, t
    for name in ANDROID:
        r = Repo(base, 'LineageOS/android_packages_' + name)
        for p in r.ls(r'res/values/[a-z_]*strings\.xml$'):
            for i, t in enumerate(re.findall(r'<string [^>]*>(.*?)</string>', (r.get(p) or b'').decode(), re.S)):
                yield 'messages', name + p + str(i), html.unescape(_TAG.sub('', t)).replace("\\'", "'").replace('\\n', ' ').replace('\\"', '').strip('"')


def written(base):
    for f in ('dev', 'test'):
        for i, t in enumerate(lines(base, 'UniversalDependencies/UD_English-EWT', 'en_ewt-ud-%s.conllu' % f)):
            if t.startswith('# text = '):
                yield 'web', f + str(i), t[9:]
    for name, file in BOOKS.items():
        for i, s in enumerate(sentences('\n'.join(lines(base, name, file)))):
            yield 'books', '%s %d' % (file, i // 20), s


def plain(corpus, t):
    """whether `t` is a sentence that somebody could say; of messages only whole ones, and without places to fill in"""
    n = len(words(t))
    if corpus in ('voice', 'books') and _SPEAKS.search(t):
        return False  # speech inside would count as cut off: "I think so," said he
    if corpus == 'messages':
        return n > 2 and re.search(r'[.!?]$', t) is not None and not re.search(r'[{}%<>\[\]]|\$|://', t)
    return n > (2 if corpus in ('voice', 'web') else 0) and (corpus != 'web' or re.search(r'[.!?]$', t) is not None)


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('--mirrors', required=True)
    ap.add_argument('--out', required=True)
    a = ap.parse_args()
    seen, n = set(), {}
    with open(a.out, 'w') as f:
        for source in (voice, requests, questions, messages, written):
            for c, d, t in source(a.mirrors):
                t = re.sub(r'\s+', ' ', t).strip()
                if len(t) < 600 and (c, t) not in seen and plain(c, t):
                    seen.add((c, t))
                    n[c] = n.get(c, 0) + 1
                    f.write(json.dumps([c, d, t]) + '\n')
    print(n)


if __name__ == '__main__':
    main()
