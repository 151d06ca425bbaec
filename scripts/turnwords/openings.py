"""Turns that open with a clause and say what they are about behind it: "when I get home, turn on the heating".

usage: openings.py --utterances U.jsonl ... --cases cases.tsv --sentences sentences.txt --kept openings.tsv --out openings.jsonl
Clauses, purposes, noun phrases and main clauses are taken from sentences of the corpora and put together anew: what a sentence
ended with comes first, with a comma behind it. The sentences themselves go in as they were, so that it is the place that
counts and not the word; there a semicolon parts them. One JSON line each, as corpora.py writes them; the corpus is the kind:
'opens' (an opening and what it opens), 'closes' (the same, the other way round), 'states' (a noun phrase that opens a statement), 'numbered' (a noun and its number).
"""
import argparse, json, random, re
from data import HELD, chunks, load, own, split_of
from fitting import kept_out
from infer import words
from spoken import spoken

BEFORE_CLAUSE = r'if|when|while|because|since|although|though|even though|after|before|until|unless|once|whenever|as soon as|every time|by the time|now that|as long as|in case'
SUBJECT = r"(?:i|we|you|he|she|it|they|there|someone|somebody|everyone|nobody|my|your|his|her|our|their|the|this|that|these|a|an|i'm|it's|he's|she's|they're|we're|you're|i've|we've)"
VERBS = set('is are was were am be been has have had do does did can could will would should may might must get gets got go goes went want wants need needs know say says said think make '
            'come comes came leave leaves see saw tell call calls like likes take takes took use work works live lives start starts end ends rains open opens close closes arrive arrives eat '
            'finish try feel look looks play keep give wake buy watch read hear find run stop turn put bring sleep talk ask pay move moved grew died met became lost won'.split())
ASKS = re.compile(r"\b(know|see|check|wonder|wondering|ask|tell me|say|sure|remember|understand|matter|find out|decide|figure out|show me|is|are|was|it's|that's|what|which|than|and|or|but|like)$")
OPEN_END = re.compile(r"\b(a|an|the|my|your|his|her|our|to|of|in|on|at|for|from|with|and|or|but|that|is|are|was|were|be|not|i|you|we|they|he|she|it's|only|just|even|about|very|so|as|if)$")
CLAUSE = re.compile(r'^(.+?),? ((?:%s) %s .+)$' % (BEFORE_CLAUSE, SUBJECT))
FRONTED = re.compile(r'^((?:%s|to|in order to|as|on my way|on the way|in|on|at|for|with|during|without|instead of|from|by) [^,]+), (?!and\b|or\b|but\b|so\b|then\b)(\S+ \S+ .+)$' % BEFORE_CLAUSE)
WANT = re.compile(r"\b(?:how (?:do|can|would|should) (?:i|you|we)|how to|(?:want|wanted|need|needed|like|love|trying|tried|have|had|going|able|way|time|used) to|(?:could|can|would|will) you(?: please)?|let's) ((?!be\b|please\b|not\b|tell me\b|help\b)[a-z]+ [^,]+)$")
NOUN = r"(?!one\b|only\b|same\b|best\b|most\b|first\b|way\b|time\b)[a-z]+"
RELATIVE = re.compile(r"\b((?:the|my|your|a)(?: [a-z]+)? %s (?:(?:that|which|who) (?!is\b|are\b|was\b)|(?:i|we|you|he|she|they|my \w+) (?:\w+ )?)[a-z']+ (?:[^,]+))$" % NOUN)
OF = re.compile(r"\b((?:the|my|your)(?: [a-z]+)? %s (?:of|at|in|for|from|on|with|near|about|to|behind|next to) (?:the|my|this|your|our|a|that|his|her) [a-z]+(?: [a-z]+)?)$" % NOUN)
PLACE = re.compile(r"^(.+) ((?:in|on|at|for|with|during|after|before|without|from|instead of|by|near|behind|under|around|because of|at the end of|in the middle of|on my way to|on the way to|according to|in case of) "
                   r"(?:the|my|your|our|this|that|his|her|their|an?|next|last|every|these|some) [^,]+)$")
STATEMENT = re.compile(r"^(?:the|my|your|our|his|her|this|that|there|all|no)(?: [a-z']+){1,3} (?:is|was|are|were|has|have|had|will|does|did|can|could|cannot|should|would|must|may|goes|comes|needs|makes|takes|starts|opens|seems|looks) [^,]+$")
PREDICATE = re.compile(r"^(?:it|that|this|he|she|they)(?: (is|was|are|were|has|had|will|does|did|can|should|would|looks|sounds|seems|makes|needs|costs|takes|works|opens|starts|came|got|made)|('s)) ((?:[^,]+))$")
COMMAND = {'slurp', 'intents', 'snips', 'nlueval', 'clinc150', 'tm3', 'tm4', 'star', 'own', 'spoken'}
BEGINS_COMMAND = re.compile(r'^(turn|set|play|call|open|close|remind|send|show|tell|give|find|book|add|put|start|stop|switch|read|check|look|get|make|wake|delete|remove|order|text|search|lock|change|schedule|cancel|buy|write|take|bring|dim|lower|raise|clean|pause|please) ')
MAINS = ['tap the %c button', 'say your name', 'you have to %v', 'i have to %v', 'i will %v', 'what do i have to do', 'do i need an account', 'you need the %t', 'we should %v', 'go to the settings',
         'click on the %c icon', 'i had to %v', 'it takes about an hour', 'we had to %v', 'ask for help', 'i used the %t', 'which button do i press', 'hold the %c button', 'hang up', 'please %v', 'you could %v',
         "let's %v", 'she wants to %v', 'they decided to %v', 'my brother had to %v', 'i would %v', "i'm going to %v", 'could you %v', 'use the %t', 'you can %v', 'try to %v']
THING = 'phone internet website app key map computer microphone keyboard manual card ladder printer camera car remote bus code menu'.split()
DIGITS = set('one two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty'.split())
NUMBERED = re.compile(r"\b(number|extension|room|flight|chapter|line|gate|page|channel|apartment|code|pin|level|platform|episode|season|version|volume|at|to|than|is|was|for|about|exactly|almost|nearly|around|press|dial|option) (%s)\b" % '|'.join(DIGITS))
STARTS = ['', '', '', '', '', '', '', '', 'okay ', 'so ', 'well ', 'um ', 'and ', 'hey ', 'no ', 'yes ']


def sentences(utterances, forbid):
    """(corpus, words of one sentence, a comma where it had one)"""
    for c, d, t in utterances:
        if c in HELD or split_of(c, d) == 'test' or t.lower().rstrip('.?! ') in forbid:
            continue
        for s in re.split(r'(?<=[.?!;:])\s+', t):
            ch = chunks(s)
            if 2 < len(ch) <= 24:
                yield c, ' '.join(w + (',' if m == ',' and i < len(ch) - 1 else '') for i, (w, m) in enumerate(ch))


def count(text):
    return text.count(' ') + 1


def main_of(text):
    """whether `text` may stand alone, so far as words can tell"""
    return count(text) > 1 and not OPEN_END.search(text) and (count(text) > 2 or BEGINS_COMMAND.match(text) is not None)


class Parts:
    """What the sentences have of each kind"""

    def __init__(s, found):
        s.clauses, s.places, s.fronted, s.purposes, s.nouns, s.predicates, s.mains, s.statements, s.numbered = ([] for _ in range(9))
        for c, t in found:
            s.take(c, t)
        for name, part in vars(s).items():
            setattr(s, name, sorted(set(part)))

    def take(s, c, t):
        if m := FRONTED.match(t):
            if count(m[1]) <= 12:
                s.fronted.append((m[1], m[2]))
            return
        if (m := CLAUSE.match(t)) and 2 < count(m[2]) <= 11 and set(words(m[2])[1:]) & VERBS and not ASKS.search(m[1]) and main_of(m[1]) and ',' not in t:
            s.clauses.append((m[2], m[1]))
        elif (m := PLACE.match(t)) and 3 < count(m[2]) <= 8 and main_of(m[1]) and ',' not in m[1] and not ASKS.search(m[1]):
            s.places.append((m[2], m[1]))
        if (m := WANT.search(t)) and 1 < count(m[1]) <= 14 and not re.search(r'\b(if|when|because|so|but)\b', m[1]):
            s.purposes.append(m[1])
        if (m := RELATIVE.search(t)) and 4 <= count(m[1]) <= 9 and not re.search(r'\b(to|and|but|because|if|so|it|is|was|are)\b', m[1]):
            s.nouns.append(m[1])
        elif (m := OF.search(t)) and count(m[1]) <= 8:
            s.nouns.append(m[1])
        if (m := PREDICATE.match(t)) and 1 <= count(m[3]) <= 7 and main_of('x ' + m[3]):
            s.predicates.append((m[1] or 'is') + ' ' + m[3])
        if STATEMENT.match(t) and 3 < count(t) <= 12 and main_of(t):
            s.statements.append(t)
        if c in COMMAND and BEGINS_COMMAND.match(t) and 1 < count(t) <= 9 and main_of(t) and ',' not in t:
            s.mains.append(t)
        if NUMBERED.search(t):
            s.numbered.append(t)


def purpose(r, parts):
    """("to unlock the door", "say your name")"""
    m = r.choice(MAINS)
    for k, of in (('%c', 'red green blue left right small big top'.split()), ('%t', THING), ('%v', parts.purposes)):
        m = m.replace(k, r.choice(of))
    return r.choice(['to ', 'to ', 'to ', 'in order to ', 'so as to ', 'just to ']) + r.choice(parts.purposes), r.choice([m, m, r.choice(parts.mains)])


def opening(r, parts):
    """(what opens, what follows, whether the other order is a turn as well)"""
    k = r.random()
    if k < .28:
        front, main = r.choice(parts.clauses)
        return front, main if r.random() < .5 else r.choice(parts.mains), True
    if k < .44:
        front, main = r.choice(parts.places)
        return front, main if r.random() < .7 else r.choice(parts.mains), True
    if k < .58:
        return *r.choice(parts.fronted), False
    if k < .78:
        return *purpose(r, parts), True
    return r.choice(parts.nouns), r.choice(parts.predicates), False


def made(n, parts, seed=31):
    """[(kind, id, text)]; of an opening that may also close half are given both ways"""
    r, out = random.Random(seed), []
    while len(out) < n:
        front, main, turns = opening(r, parts)
        out.append(('opens', str(len(out)), '%s%s, %s' % (r.choice(STARTS), front, main)))
        if turns and r.random() < .6:
            out.append(('closes', str(len(out)), '%s%s; %s' % (r.choice(STARTS), main, front)))
    for kind, part in (('states', parts.statements), ('numbered', parts.numbered)):
        out += [(kind, str(len(out) + i), t) for i, t in enumerate(r.sample(part, min(len(part), n // 8)))]
    return out


def main():
    ap = argparse.ArgumentParser()
    for k in ('cases', 'sentences', 'kept', 'out'):
        ap.add_argument('--' + k, required=True)
    ap.add_argument('--utterances', required=True, nargs='+')
    ap.add_argument('--n', type=int, default=80000)
    a = ap.parse_args()
    forbid = kept_out(a.cases, a.sentences) | {l.rstrip('\n').split('\t')[1] for l in open(a.kept)}
    rows = [row for path in a.utterances for row in load(path)] + own(14000, forbid=forbid) + spoken(16000, forbid=forbid)
    parts = Parts(sentences(rows, forbid))
    print({k: len(v) for k, v in vars(parts).items()})
    with open(a.out, 'w') as f:
        f.writelines(json.dumps(row) + '\n' for row in made(a.n, parts))


if __name__ == '__main__':
    main()
