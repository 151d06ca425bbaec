"""Small models of the same kind for other languages: reads their sentences, trains, and judges on sentences of another source.

usage: tongues.py --language de --mirrors DIR --out turnwords-de.npz        # needs localvoice on the path
Trained on sentences collected for Common Voice (CC0), requests of Home Assistant's tests (CC BY 4.0) and messages of
Android's telephone and contacts (Apache-2.0); measured on treebanks of Universal Dependencies (CC BY-SA), never trained on.
"""
import argparse, collections, html, json, random, re, zlib
import numpy as np, torch
import data
from corpora import Repo
from evaluate import auc, ece
from fitting import Net, Tensors, bce, calibrated, learn, loss, pad, save
from localvoice.turn.words import words_of
from ordinary import ANDROID, _TAG

FILLER = {'de': 'äh ähm öh öhm hm ehm', 'fr': 'euh heu hum ben bah', 'es': 'eh em este pues', 'it': 'ehm uhm eh beh allora'}
CONJ = {'de': 'und oder aber denn sondern weil dass daß wenn ob als obwohl damit bevor nachdem während bis seit sodass falls wie wo wer welche welcher welches',
        'fr': 'et ou mais que qu qui si parce quand comme lorsque puisque car donc dont où afin pendant', 'es': 'y e o u pero que porque si cuando como aunque mientras donde quien sino cual',
        'it': 'e ed o ma che perché se quando come anche mentre dove cui chi quindi oppure affinché'}
FUNC = {'de': 'der dem den des die das ein eine einen einem einer eines kein keine keinen keinem keiner mein meine meinen meinem meiner dein deine deinen deinem deiner sein seine seinen seinem seiner '
              'ihr ihre ihren ihrem ihrer unser unsere unseren unserem unserer euer eure diese dieser diesem diesen dieses jede jeder jedem jeden jedes von für ohne gegen zwischen im am zum zur vom beim ins ans in '
              'auf bei nach vor mit über unter durch um aus zu ich du er sie es wir man ist sind war waren bin bist hat habe haben hatte hast wird werden wurde würde kann kannst können könnte muss soll sollte will möchte '
              'darf nicht sehr ganz nur noch so was wann warum wieso',
        'fr': 'le la les l un une des du de d au aux à dans pour sur avec sans chez par entre vers mon ma mes ton ta tes son sa ses notre nos votre vos leur leurs ce c cet cette ces je j tu il elle on nous vous ils elles '
              'ne n se s me m te t est sont était ai as a avons avez ont avait suis es sommes êtes peut peux veux veut faut doit dois pas très plus tout tous trop quel quelle quels quelles y en',
        'es': 'el la los las un una unos unas de del al a en con sin por para sobre entre hasta desde mi tu su mis tus sus nuestro nuestra este esta estos estas ese esa esos esas aquel yo tú él ella nosotros ellos me te se le lo '
              'nos les es son era está están he has ha hemos han había soy eres fue ser puede puedes quiero quiere debe no muy más todo toda cada qué cuál cuánto cómo dónde',
        'it': 'il lo la l i gli le un uno una di d del dello della dei degli delle dell a al allo alla ai agli alle all da dal dalla dai dall in nel nella nei nell con sul sulla sui sull su per tra fra mio mia miei mie tuo tua suo sua '
              'nostro nostra vostro loro questo questa questi queste quel quella quello quei io tu lui lei noi voi mi ti si ci vi ne è sono era ho hai ha abbiamo hanno aveva sei siamo può puoi voglio vuole deve non molto più tutto '
              'tutti ogni cosa quale quanto'}
NEXT = {'de': 'in im am an auf bei beim mit nach von vom vor zu zum zur für ohne über unter durch um aus bis seit während und oder aber weil dass wenn ob als damit heute morgen bitte jetzt wieder auch noch',
        'fr': 'à au aux dans pour sur avec sans chez par de du des en et ou mais que qui si quand parce demain maintenant aussi encore', 'es': 'a al en con sin por para de del y o pero que si cuando porque mañana hoy ahora también',
        'it': 'a al alla in nel nella con su sul sulla per da dal di del e o ma che se quando perché domani oggi adesso anche'}
SPEAKS = re.compile(r'[,?!.]["“”«»\'’›] ?,? ?\w')  # speech and who speaks it: its end inside would count as cut off
TREEBANK = {'de': ('UD_German-GSD', 'de_gsd', ('dev', 'test')), 'fr': ('UD_French-GSD', 'fr_gsd', ('dev', 'test')), 'es': ('UD_Spanish-GSD', 'es_gsd', ('dev', 'test')), 'it': ('UD_Italian-PUD', 'it_pud', ('test',))}

# what one says to an assistant most, and nobody read aloud for a corpus: each counts OFTEN times
OWN = {'de': 'wie spät ist es; wie viel uhr ist es; wie geht es dir; wer bist du; wie heißt du; was kannst du; kannst du mir helfen; hilf mir bitte; was hast du gesagt; wiederhole das bitte; sag das noch einmal; erzähl mir etwas; '
             'erzähl mir mehr; erzähl mir eine geschichte; welcher tag ist heute; der wievielte ist heute; wie wird das wetter; wie wird das wetter heute; regnet es morgen; stell einen timer auf zehn minuten; stell einen timer; '
             'stell den timer aus; wie lange noch; wie lange läuft der timer noch; weck mich um acht; weck mich morgen um halb sieben; wann ist mein nächster termin; was steht heute an; spiel musik; spiel etwas anderes; mach die musik aus; '
             'mach die musik lauter; mach das licht aus; mach das licht aus und die heizung an; mach die tür zu; ruf anna an; schreib eine nachricht an peter; was ist sieben mal acht; wie viel ist zwölf plus dreißig; wie sagt man das auf englisch; '
             'wie weit ist es bis berlin; wo bin ich; was gibt es neues; lies mir die nachrichten vor; setz milch auf die einkaufsliste; was steht auf der liste; lösch die liste; erinnere mich daran; erinnere mich morgen daran; '
             'das meine ich nicht; das stimmt nicht; das ist gut; ich weiß es nicht; ich bin müde; ich habe hunger; ich habe eine frage; mir ist kalt; ich verstehe das nicht; das verstehe ich nicht; warum ist das so; wie funktioniert das; wer hat das gesagt; gute idee',
       'fr': 'quelle heure est-il; il est quelle heure; comment ça va; comment vas-tu; qui es-tu; comment tu t\'appelles; que sais-tu faire; peux-tu m\'aider; aide-moi s\'il te plaît; qu\'est-ce que tu as dit; répète s\'il te plaît; raconte-moi quelque chose; '
             'raconte-moi une blague; quel jour sommes-nous; on est quel jour; quel temps fait-il; quel temps fait-il aujourd\'hui; est-ce qu\'il va pleuvoir demain; mets un minuteur de dix minutes; mets un minuteur; arrête le minuteur; '
             'combien de temps reste-t-il; réveille-moi à huit heures; réveille-moi demain matin; quel est mon prochain rendez-vous; mets de la musique; mets autre chose; coupe la musique; monte le son; éteins la lumière; ferme la porte; '
             'appelle anne; envoie un message à pierre; combien font sept fois huit; comment dit-on ça en anglais; où suis-je; quelles sont les nouvelles; lis-moi les nouvelles; ajoute du lait à la liste; rappelle-le moi demain; ce n\'est pas ça; '
             'c\'est vrai; c\'est bien; je ne sais pas; je suis fatigué; j\'ai faim; j\'ai une question; j\'ai froid; je ne comprends pas; pourquoi; comment ça marche; qui a dit ça; bonne idée; dis-moi en plus',
       'es': 'qué hora es; qué hora es ahora; cómo estás; qué tal; quién eres; cómo te llamas; qué sabes hacer; puedes ayudarme; ayúdame por favor; qué has dicho; repite por favor; cuéntame algo; cuéntame un chiste; cuéntame más; qué día es hoy; '
             'a cuánto estamos; qué tiempo hace; qué tiempo hace hoy; va a llover mañana; pon un temporizador de diez minutos; pon un temporizador; para el temporizador; cuánto tiempo queda; despiértame a las ocho; despiértame mañana; '
             'cuál es mi próxima cita; pon música; pon otra cosa; quita la música; sube el volumen; apaga la luz; cierra la puerta; llama a ana; envía un mensaje a pedro; cuánto es siete por ocho; cómo se dice eso en inglés; dónde estoy; '
             'qué noticias hay; léeme las noticias; añade leche a la lista; recuérdamelo mañana; no es eso; es verdad; está bien; no lo sé; estoy cansado; tengo hambre; tengo una pregunta; tengo frío; no entiendo; no lo entiendo; por qué; cómo funciona; quién lo dijo; buena idea',
       'it': 'che ore sono; che ora è; come stai; come va; chi sei; come ti chiami; cosa sai fare; puoi aiutarmi; aiutami per favore; cosa hai detto; ripeti per favore; raccontami qualcosa; raccontami una barzelletta; dimmi di più; che giorno è oggi; '
             'che tempo fa; che tempo fa oggi; domani piove; metti un timer di dieci minuti; metti un timer; ferma il timer; quanto tempo manca; svegliami alle otto; svegliami domani mattina; qual è il mio prossimo appuntamento; metti un po\' di musica; '
             'metti qualcos\'altro; spegni la musica; alza il volume; spegni la luce; chiudi la porta; chiama anna; manda un messaggio a piero; quanto fa sette per otto; come si dice in inglese; dove sono; che notizie ci sono; leggimi le notizie; '
             'aggiungi il latte alla lista; ricordamelo domani; non è quello; è vero; va bene così; non lo so; sono stanco; ho fame; ho una domanda; ho freddo; non capisco; non ho capito; perché; come funziona; chi lo ha detto; buona idea'}
OFTEN = 15


def speak(language):
    """data.py reads this language from now on"""
    data.words = lambda t: words_of(t, language)
    data.FILLER, data.CONJ, data.FUNC, data.NEXT = (set(c[language].split()) for c in (FILLER, CONJ, FUNC, NEXT))
    data.DIGIT, data.FILL = set(words_of('0 1 2 3 4 5 6 7 8 9', language)), FILLER[language].split()


def texts(base, language):
    """(corpus, text)"""
    cv = Repo(base, 'skanderbenalaya/common-voice')
    for p in cv.ls(r'^server/data/%s/.*\.txt$' % language):
        if re.search(r'address|cities|europarl|singleword|issue2259', p):
            continue
        for t in (cv.get(p) or b'').decode('utf8', 'replace').split('\n'):
            yield 'voice', t
    if language == 'it':  # in JSON only, as they were collected
        for row in json.loads(cv.get('server/data/it/sentence-collector.json') or b'[]'):
            yield 'voice', row['sentence']
    ha = Repo(base, 'home-assistant/intents')
    for p in ha.ls(r'^tests/%s/[^_].*yaml$' % language):
        for t in re.findall(r'^ +- +["\']?([^:"\'{]+?)["\']?$', (ha.get(p) or b'').decode(), re.M):
            yield 'intents', t
    for name in ANDROID:
        r = Repo(base, 'LineageOS/android_packages_' + name)
        for p in r.ls(r'res/values-%s/[a-z_]*strings\.xml$' % language):
            for t in re.findall(r'<string [^>]*>(.*?)</string>', (r.get(p) or b'').decode(), re.S):
                t = html.unescape(_TAG.sub('', t)).replace("\\'", "'").replace('\\n', ' ').replace('\\"', '').strip('"')
                if re.search(r'[.!?]$', t) and not re.search(r'[{}%<>\[\]]|\$|://', t):
                    yield 'messages', t


def corpus(base, language):
    """{split: [chunks]}; of each text one"""
    out, seen, n = collections.defaultdict(list), set(), collections.Counter()
    for c, t in texts(base, language):
        t = re.sub(r'\s+', ' ', t).strip(' "“”„«»–—…;\ufeff')
        ch = data.chunks(t) if t and len(t) < 400 and not SPEAKS.search(t) else []
        key = tuple(w for w, _ in ch)
        if len(key) < (1 if c == 'intents' else 3) or key in seen:
            continue
        seen.add(key)
        n[c] += 1
        out['dev' if zlib.crc32(' '.join(key).encode()) % 100 < 5 else 'train'].append((c, ch))
    print(language, dict(n), flush=True)
    return out


def treebank(base, language):
    name, file, parts = TREEBANK[language]
    for part in parts:
        for l in (Repo(base, 'UniversalDependencies/' + name).get('%s-ud-%s.conllu' % (file, part)) or b'').decode().split('\n'):
            if l.startswith('# text = ') and re.search(r'[.!?]$', l) and len(l) < 160:
                yield data.chunks(l[9:])


def judged(net, tensors, utterances, temp, shift):
    """AUC at evenly drawn and at pause-like cuts, unfinished accepted where 60 and 95 in 100 ends are, and calibration"""
    P, Y, U, Q = [], [], [], []
    with torch.no_grad():
        for ch in utterances:
            if 2 < len(ch) <= tensors.keep:
                z = (net(torch.tensor([[tensors.idx(w) for w, _ in ch]]))[0] / temp + shift).tolist()
                pw = data.pause_weights(ch)
                cuts = [i for i, p in enumerate(pw) if p is not None]
                tot = sum(pw[i] for i in cuts)
                P += [z[i] for i in cuts] + z[-1:]
                Y += [0] * len(cuts) + [1]
                U += [1 / len(cuts)] * len(cuts) + [1]
                Q += [pw[i] / tot for i in cuts] + [1]
    P, Y, U, Q = map(np.array, (P, Y, U, Q))
    k = Y == 0
    fa = [float((U[k] * (P[k] >= np.quantile(P[~k], q))).sum() / U[k].sum()) for q in (.4, .05)]
    w = np.where(k, .5 * U / U[k].sum() + .5 * Q / Q[k].sum(), U / U[~k].sum())
    return 'n %d auc %.3f / %.3f fa60 %.3f fa95 %.3f ece %.3f' % ((~k).sum(), auc(P, Y, U), auc(P, Y, Q), *fa, ece(1 / (1 + np.exp(-P)), Y, w)[1])


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument('--language', required=True)
    ap.add_argument('--mirrors', required=True)
    ap.add_argument('--out', required=True)
    ap.add_argument('--hidden', type=int, default=48)
    ap.add_argument('--dim', type=int, default=24)
    ap.add_argument('--vocab', type=int, default=8000)
    ap.add_argument('--epochs', type=int, default=5)
    ap.add_argument('--most', type=int, default=40000)
    ap.add_argument('--seed', type=int, default=7)
    a = ap.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(a.seed)
    rng = random.Random(a.seed)
    speak(a.language)
    by = corpus(a.mirrors, a.language)
    rng.shuffle(by['train'])
    intents = [ch for c, ch in by['train'] if c == 'intents'][:4000]
    train = intents + [ch for c, ch in by['train'] if c != 'intents'][:a.most]
    train += [data.chunks(t) for t in OWN[a.language].split('; ')] * OFTEN
    dev = [ch for _, ch in by['dev']]
    count = collections.Counter(w for ch in train for w, _ in ch)
    fillers = [w for w in data.FILL if count[w] < 3]  # put in while training
    voc = fillers + [w for w, n in count.most_common(a.vocab - len(fillers)) if n >= 3]
    print(len(train), len(dev), 'utterances', len(voc), 'words', flush=True)
    tensors = Tensors(voc, 128, 32, rng)
    net = Net(len(voc) + 128, a.dim, a.hidden, .25)
    net.e.weight.data.mul_(.3)
    opt = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=1e-4)
    sch = torch.optim.lr_scheduler.OneCycleLR(opt, 4e-3, total_steps=a.epochs * (len(train) // 256 + 2), pct_start=.15)
    devb = tensors.batches(dev, 512, False)
    best = kept = None
    for ep in range(a.epochs):
        tot, now = learn(net, opt, sch, tensors.batches(train, 256, True)), loss(net, devb)
        print('epoch %d train %.4f dev %.4f' % (ep, tot, now), flush=True)
        if best is None or now < best:
            best, kept = now, {k: v.clone() for k, v in net.state_dict().items()}
    net.load_state_dict(kept)
    temp, shift = calibrated(net, devb)
    save(a.out, net, tensors, temp, shift)
    print('   dev', judged(net, tensors, dev[:600], temp, shift))
    print('   treebank', judged(net, tensors, list(treebank(a.mirrors, a.language))[:600], temp, shift), flush=True)


main()
