"""Template sentences of spoken style: dates, addresses, e-mails, spelled names, measures, clauses, sentences in a row."""
import random
from infer import words

N = 'emma lukas sofia daniel mary ivan peter nina carlos hannah george paul olga felix alice max john sarah tom laura'.split()
S = 'smith miller jones brown taylor wilson clark lewis walker young king wright scott green baker adams nelson hill carter parker'.split()
P = ['berlin', 'london', 'paris', 'bristol', 'the office', 'the station', 'my parents', 'the airport', 'the gym', 'new york', 'the old town', 'the lake']
ROOM = ['kitchen', 'bedroom', 'living room', 'bathroom', 'hall', 'office', 'garage', 'garden', 'cellar']
DEV = ['light', 'lamp', 'heating', 'radio', 'fan', 'television', 'music', 'alarm', 'coffee machine', 'dishwasher', 'oven', 'vacuum cleaner']
DAY = 'monday tuesday wednesday thursday friday saturday sunday'.split()
MON = 'january february march april may june july august september october november december'.split()
ORD = 'first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth twentieth thirtieth'.split()
ONE = 'one two three four five six seven eight nine ten eleven twelve'.split()
TEN = 'twenty thirty forty fifty sixty seventy eighty ninety'.split()
THING = ['book', 'film', 'song', 'recipe', 'restaurant', 'present', 'jacket', 'bicycle', 'phone', 'hotel', 'job', 'flat', 'car', 'dog', 'sofa']
ADJ = 'big small old new red blue cheap quiet warm fast nice good heavy light green'.split()
MAN = ['man', 'woman', 'doctor', 'plumber', 'neighbour', 'teacher', 'girl', 'boy', 'lady', 'colleague', 'friend of mine', 'mechanic']
FOOD = ['flour', 'sugar', 'butter', 'milk', 'rice', 'cheese', 'tomatoes', 'coffee', 'tea', 'minced meat', 'apples', 'olive oil', 'bread', 'onions']
UNIT = ['grams of', 'kilos of', 'litres of', 'cups of', 'spoons of', 'slices of', 'bottles of', 'packs of', 'bags of']
PAST = ['used to read', 'told me about', 'wanted to buy', 'saw last week', 'gave me for my birthday', 'recommended', 'left on the table', 'was talking about']
DID = ['called me', 'fixed the sink', 'lives next door', 'works at the bank', 'was here yesterday', 'sold me the car', 'sings in the choir', 'wrote the letter']
PROB = ['does not work', 'keeps stopping', 'is broken', 'makes a strange noise', 'is too loud', 'was switched off', 'needs a new battery', 'will not start']
ACT = ['call %N', 'open the window', 'turn off the %D', 'buy some %F', 'water the plants', 'write to %N', 'feed the cat', 'go for a run', 'clean the %R',
       'take the bus to %P', 'pay the bill', 'look for my keys', 'close the blinds', 'book a table', 'send the letter', 'pick up %N from %P']
CMD = ['turn on the %D', 'turn off the %D', 'open my notes', 'close the browser', 'dim the lights', 'set a timer for %M minutes', 'play some music', 'read the news',
       'turn the %D down', 'start the %D', 'stop the %D', 'show me the weather', 'call %N', 'send a message to %N', 'lock the door', 'search for a %A %G']
STATE = ['the train was late', 'it was raining', 'nobody was at home', 'i forgot my keys', 'the shop was closed', 'we stayed at home', 'they sold the house', 'i could not sleep',
         'the food was great', '%N did not come', 'we missed the bus', 'the heating was off', 'i was too tired', 'he lost his job', 'she moved to %P', 'the weather was terrible']
ASK = ['when does it open', 'how do i fix it', 'what should i do', 'can you help me', 'is that normal', 'how much does it cost', 'where can i buy one', 'do you know why', 'could you check that']
HAVE = ['i have a question', 'i need some help', 'i have a problem with my %D', 'my %D %B', 'i am looking for a %G', 'i lost my %G', 'i want to go to %P', 'i would like to book a table',
        'i bought a %A %G', 'we are planning a trip to %P', 'i am meeting %N on %Y', 'there is something wrong with the %D', 'i got a letter from %N', 'my name is %N %S']
WHEN = ['tomorrow', 'on %Y', 'at %T', 'next week', 'this evening', 'in %O minutes', 'before lunch', 'after work', 'on the %H of %Q', 'on %Y morning', 'at half past %O', 'every day at %T']
INTRO = ['', '', '', '', '', 'okay ', 'so ', 'well ', 'um ', 'and ', 'actually ']
POLITE = ['please ', 'could you ', 'could you please ', 'can you ', 'i want you to ', 'would you ']
FORMS = {
    'date': ['i was born on the %H of %Q nineteen %X %O', 'the meeting is on %Y the %H of %Q', 'book a flight for the %H of %Q', 'my birthday is the %H of %Q', 'from the %H to the %H of %Q',
             'what day is the %H of %Q', 'remind me on the %H of %Q at %T', 'it was in %Q two thousand and %O', 'the contract ends on the %H of %Q twenty %X', 'from %O to half past %O', '%Y at %T or %Y at %T'],
    'mail': ['my email is %N dot %S at gmail dot com', 'send it to %N at %S dot org', 'the address is info at %S dot com', 'you can write to %N underscore %S at mail dot com', 'the website is www dot %S dot com'],
    'place': ['i live at %X %O %S street in %P', 'the address is %O %S road', 'take me to %O %X %S avenue', 'deliver it to %N %S %X %S lane', 'it is on the corner of %S street and %S road', 'my house number is %X %O'],
    'spell': ['my name is %S %L %L %L %L %L', 'it is spelled %L %L %L %L', 'that is %L as in %N and %L as in %N', 'the gate is %L %X %O', 'the flight is %L %L %O %O %O', 'the licence plate is %L %L %O %O %L'],
    'measure': ['i need %O hundred grams of %F', 'add %O %U %F and %O %U %F', 'it costs %O hundred and %X euros', 'set the thermostat to %X point five degrees', 'it is %X %O kilometres from %P to %P',
                'the total was %X %O ninety nine', 'how much is %X percent of %O hundred and %X', 'there were about %X or %X people', 'convert %X %O miles to kilometres', 'what is %X %O times %O'],
    'list': ['buy %F, %F and %F', 'we need %F, %F, %F and a bag of %F', 'invite %N, %N and %N', 'pack the %G, the %G and the %A %G', 'i like %A %Gs, %A %Gs and %F', 'first %V, then %V and then %V',
             'it is either %A or %A', 'put %F, %F and %F on my list', 'the colours are %A, %A and %A', 'on %Y, %Y and %Y'],
    'relative': ['i am looking for a %G that my brother %W', 'i need the number of the %E who %I', 'there was a %E who %I', 'where is the %G that %N %W', 'show me the %G which %N %W', 'she has a %A %G which is %A and %A',
                 'what was the name of the %E who %I', 'play the song that %N %W', 'call the %E that %I', 'is there a %G with a %A %G near %P'],
    'then': ['%C and then %C', '%C and %C', '%V and then %V', 'first %C and then %C', '%C but do not %C', '%C as soon as i %V', '%C before you %C', '%C and tell %N that i will be late'],
    'clause': ['when i was a child %K', 'if it rains %J %C', '%K because %K', '%K but %K', '%K so %K', 'i was wondering whether we should %V or %V', 'do you know whether %K', 'he said that %K because %K',
               'i think that %K and %K', 'i tried to %V but %K', 'after work i usually %V unless i am too tired', 'to be honest i do not want to %V', 'the thing is %K and %K', 'the last time we met %K',
               'would it be better if we %V', 'wake me up %J unless it is %Y', 'can you tell me when i should %V', 'remind me to %V %J', 'i still have to %V %J', 'it is not that %K it is just that %K'],
    'fact': ['what is the capital of %c', 'who invented the %M2', 'who wrote %w2', 'how tall is %n2', 'how far away is %n2', 'how old is %n2', 'why is %n2 so %A', 'what is a %M2', 'what does %A mean',
             'explain how a %M2 works', 'explain how the %M2 works', 'tell me something about %c', 'tell me about the %M2', 'tell me a story', 'tell me a story about a %G', 'tell me a joke', 'tell me more',
             'how do you say %A in %g2', 'translate good evening into %g2', 'how many people live in %c', 'what is the biggest city in %c', 'when was the %M2 invented', 'what is the weather like', 'what is the weather like %J',
             'how do i make %F at home', 'give me a recipe with %F', 'what should i eat tonight', 'do you like %Gs', 'how are you', 'how are you today', 'who are you', 'what can you do', 'play music', 'play some jazz',
             'is %c bigger than %c', 'what is the population of %c', 'which language do they speak in %c', 'where is %c', 'i am %A2', 'i am %A2 today', 'what is the difference between a %M2 and a %G', 'can you help me',
             'can you tell me about %c', 'what do you think about %c', 'how long does it take to fly to %c', 'what happened in nineteen %X %O', 'how do i clean a %M2', 'why do we need a %M2', 'what is your name'],
    'row': ['%Z. %Z.', '%Z. %a?', '%Z. it %B.', '%K. %K.', '%K. %Z.', 'thanks. %C.', 'hello. %Z.', '%Z. %Z. %a?', 'no. %Z.', 'yes. %C please.', '%C. %C.', '%a? %Z.', 'good morning. %C.'],
    'whole': ['%C', '%C %J', '%Z', '%a', '%K', '%C please', 'what is the weather in %P', 'what is the weather in %P %J', 'how do i get to %P', 'tell me a joke', 'tell me a joke about %Gs', 'what time is it', 'what time is it in %P',
              '%C in the %R', 'is the %D on', 'who is %N %S', 'how long does it take to get to %P', 'play something by %N %S', 'put %F on my shopping list', 'make it a little louder', 'the %A one', 'in the %R', 'at %T', 'on %Y', 'two of them'],
}
SHARE = {'date': 1, 'mail': .6, 'place': .6, 'spell': .6, 'measure': 1.2, 'list': 1.2, 'relative': 1.2, 'then': 1.2, 'clause': 2.4, 'fact': 3.5, 'row': 1.2, 'whole': 3}
SLOT = {'%c': ['spain', 'germany', 'italy', 'poland', 'norway', 'japan', 'canada', 'brazil', 'france', 'greece', 'china', 'india', 'austria', 'sweden', 'turkey', 'egypt', 'scotland', 'australia'],
        '%M2': ['telephone', 'steam engine', 'microscope', 'radio', 'printing press', 'light bulb', 'volcano', 'black hole', 'camera', 'piano', 'battery', 'computer', 'bicycle', 'airplane', 'fridge'],
        '%n2': ['the sun', 'the moon', 'mars', 'mount everest', 'the eiffel tower', 'the universe', 'the sky', 'the sea', 'the queen', 'a giraffe'],
        '%w2': ['hamlet', 'faust', 'robinson crusoe', 'the jungle book', 'dracula'], '%g2': ['german', 'french', 'italian', 'polish', 'english', 'dutch'], '%A2': ['tired', 'bored', 'hungry', 'happy', 'sad', 'fine', 'cold', 'busy'],
        '%N': N, '%S': S, '%P': P, '%R': ROOM, '%D': DEV, '%Y': DAY, '%Q': MON, '%H': ORD, '%O': ONE, '%X': TEN, '%G': THING, '%A': ADJ, '%E': MAN, '%F': FOOD, '%U': UNIT, '%W': PAST, '%I': DID,
        '%B': PROB, '%V': ACT, '%C': CMD, '%K': STATE, '%a': ASK, '%Z': HAVE, '%J': WHEN, '%T': ONE, '%M': ONE + TEN, '%L': list('abcdefghijklmnopqrstuvwxyz')}


def spoken(n, seed=5, forbid=()):
    """[(corpus, id, text)]: n sentences; none that is in `forbid`"""
    r, out = random.Random(seed), []
    kinds, shares = list(SHARE), list(SHARE.values())
    while len(out) < n:
        kind = r.choices(kinds, shares)[0]
        t = form = r.choice(FORMS[kind])
        while '%' in t:
            at = t.index('%')
            slot = t[at:at + 3] if t[at:at + 3] in SLOT else t[at:at + 2]
            t = t[:at] + r.choice(SLOT[slot]) + t[at + len(slot):]
        if kind != 'row':
            is_command = form.startswith(('%C', 'put', 'play', 'call ', 'show', 'book', 'remind', 'wake', 'set', 'add', 'send', 'take', 'buy', 'invite', 'pack'))
            t = r.choice(INTRO + POLITE if is_command else INTRO) + t
        if ' '.join(words(t)) not in forbid:
            out.append(('spoken', str(len(out)), t))
    return out
