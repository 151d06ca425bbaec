"""Sentences of books in the public domain, one JSON line each, as corpora.py writes them.

usage: prose.py --mirrors DIR --out prose.jsonl
"""
import argparse, json, re
from corpora import Repo

BOOKS = {'GITenberg/Pride-and-Prejudice_1342': '1342.txt', 'GITenberg/The-Adventures-of-Sherlock-Holmes_1661': '1661.txt', 'GITenberg/The-Wonderful-Wizard-of-Oz_55': '55.txt',
         'GITenberg/The-War-of-the-Worlds_36': '36.txt', 'GITenberg/The-Importance-of-Being-Earnest--A-Trivial-Comedy-for-Serious-People_844': '844.txt'}
HELD = ('36.txt', '844.txt')  # measured on only
SHORT = re.compile(r'\b(Mr|Mrs|Ms|Dr|St|Esq|No|Vol|etc|i\.e|e\.g)\.')


def sentences(text):
    body = re.split(r'\*\*\* ?(?:START|END) OF TH[^\n]*\*\*\*', text)
    for par in re.split(r'\r?\n\s*\r?\n', body[1] if len(body) > 2 else text):
        par = SHORT.sub(r'\1', re.sub(r'[_"\u201c\u201d\[\]]', '', re.sub(r'\s+', ' ', par.replace('--', ', ')))).strip()
        if par.isupper() or len(par) < 20:
            continue
        for s in re.split(r'(?<=[.!?])\s+(?=[A-Z\'])', par):
            if re.search(r'[.!?]$', s) and not s.isupper() and len(s) > 8:
                yield s


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('--mirrors', required=True)
    ap.add_argument('--out', required=True)
    a = ap.parse_args()
    with open(a.out, 'w') as f:
        for name, file in BOOKS.items():
            b = Repo(a.mirrors, name).get(file)
            n = 0
            for i, s in enumerate(sentences((b or b'').decode('utf8', 'replace'))):
                f.write(json.dumps(['prose_test' if file in HELD else 'prose', '%s %d' % (file, i // 20), s]) + '\n')
                n += 1
            print(name, n)


if __name__ == '__main__':
    main()
