"""French."""

from utterance.phrases.shape import PhraseList, Phrases

PHRASES = Phrases(
    language="fr",
    yes=PhraseList("""
        oui, oui oui, ouais, mouais, si si, bien sûr, tout à fait, exactement, exact, absolument,
        c'est ça, effectivement, voilà, oui s'il vous plaît, volontiers
    """),
    no=PhraseList("non, nan, pas du tout"),
    backchannels=PhraseList("""
        d'accord, ok, okay, bien, très bien, parfait, je vois, je comprends, entendu, compris, noté,
        merci, merci (beaucoup|bien), ça (marche|va), super, génial, excellent, formidable,
        pas de (problème|souci|soucis), aucun problème,
        (allez-y|continuez|poursuivez) [je vous en prie],
        c'est (bien|bon|parfait|gentil|noté|vrai|très bien), ça me va, bon, je vous en prie,
        de rien, s'il vous plaît, bonne idée, ça me convient, ne vous inquiétez pas
    """),
    comments=PhraseList("""
        ah bon, vraiment, qui sait, quelle (bonne idée|chance|surprise|joie), tant mieux,
        quel (dommage|plaisir), moi aussi, je pense, je crois, je sais, sans doute, je le ferai
    """),
    sounds=PhraseList("ah, oh, ouh, mm, mmm, hmm, aïe, tiens, oh là là, mon dieu"),
    fillers=PhraseList("euh, heu, hum, um, uh, ben euh"),
    openers=PhraseList("""
        et, mais, alors, donc, ben, bah, ou, écoutez, dites, en fait, enfin, pardon, excusez-moi,
        du coup, voyons, bonjour, au fait, sinon, aussi
    """),
    closers=PhraseList("""
        s'il (vous|te) plaît, merci, monsieur, madame, mademoiselle, maintenant, hein, alors, donc
    """),
    particles=PhraseList("""
        le, la, les, un, une, des, de, du, à, au, en, et, que, je, il, elle, on, ce, c', l', d', j',
        qu', est, se, me, mon, ma, son, sa
    """),
    hellos=PhraseList("""
        allô, allo, vous êtes [toujours] là, il y a quelqu'un, vous m'entendez, tu m'entends,
        est-ce que vous m'entendez, m'entendez-vous
    """),
    repeats=PhraseList("""
        pardon, comment, quoi, vous dites, comment ça, qu'est-ce que vous (avez dit|dites),
        hein quoi, je n'ai pas (entendu|compris), j'ai pas (entendu|compris),
        je ne (comprends|vous entends) pas, je (comprends|vous entends) pas, encore une fois,
        vous pouvez répéter, quand, où, pourquoi, combien
    """),
    stops=PhraseList("""
        (attendez|attends) [un (instant|moment|peu)|une (seconde|minute)|s'il vous plaît],
        [juste] un (instant|moment|petit instant), [juste] une (seconde|minute), taisez-vous,
        tais-toi, arrêtez [de parler|s'il vous plaît|ça|là], (arrête|stop) [s'il vous plaît],
        (désolé|désolée) de vous (interrompre|couper), (je vous|laissez-moi vous) (arrête|arrêter),
        excusez-moi de vous (interrompre|couper), ça suffit
    """),
    not_stops=PhraseList("""
        (attendez|arrêtez)-vous, un (moment|instant) (agréable|que|où|après), arrêtez (le|la|les)
    """),
    lone_stops=PhraseList("""
        arrêter, vous (arrêter|taire), silence, assez, pause, laissez tomber,
        laissez-moi (parler|finir), peu importe
    """),
    clear_stops=PhraseList("""
        stop, arrêtez [de parler|s'il vous plaît], arrête, taisez-vous, tais-toi, ça suffit,
        silence, (pouvez-vous|vous pouvez|pourriez-vous) (arrêter|vous taire|vous arrêter)
    """),
    goodbyes=PhraseList("""
        au revoir, à (bientôt|demain|lundi|plus tard|plus|tout à l'heure), salut, adieu,
        bonne (journée|soirée|nuit|fin de journée)
    """),
    leavings=PhraseList("""
        c'est tout, ce sera tout, rien d'autre, je dois (y aller|raccrocher|vous laisser),
        il faut que j'y aille, je (rappellerai|vous rappelle|rappelle) [plus tard]
    """),
    corrections=PhraseList("""
        (ce n'est|c'est) pas (ça|correct|vrai|bon|juste|mon|ma|ce que), c'est faux,
        vous vous trompez, non merci, [mais] (j'ai dit|je voulais dire|j'ai demandé),
        je (ne veux|veux) pas (ça|de), ça ne m'intéresse pas, pas intéressé, pas ça,
        je me suis trompé, j'ai changé d'avis
    """),
    instead=PhraseList("""
        [le|plutôt] (lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche), demain, à, pour, plutôt,
        je (veux|voudrais|préfère), c'est (pour|le|la|à), mon (nom|numéro), l'autre, j'ai dit
    """),
    polite=PhraseList("""
        s'il vous plaît, (pouvez-vous|pourriez-vous|vous pouvez|vous pourriez) [me|s'il vous plaît],
        (est-ce que) vous (pouvez|pourriez) [me]
    """),
    orders=PhraseList("""
        (répétez|répéter) [s'il vous plaît|ça],
        (passez|passer|donnez|donner|dites|envoyez|envoyer|rappelez|rappeler)-moi,
        (annulez|annuler|changez|changer|réservez|réserver) (mon|ma|le|la|une|un),
        me (passer|donner|rappeler|envoyer|répéter), (parler|parlez) (à|avec|plus),
        plus (lentement|fort|doucement), aidez-moi, c'est (urgent|une urgence)
    """),
    wishes=PhraseList("""
        je (voudrais|veux|souhaite|souhaiterais|préfère|préférerais|prends|prendrai), j'aimerais,
        j'ai besoin, (je peux|puis-je|pourrais-je|est-ce que je peux) (parler|avoir|réserver
            |changer|annuler|prendre), je vais prendre
    """),
    pleas=PhraseList("s'il (vous|te) plaît, si possible"),
    people=PhraseList("""
        [à|avec] [une] [vraie] personne, [à|avec] (quelqu'un|un humain|humain),
        [un|une|le|la] (agent|conseiller|conseillère|opérateur|opératrice|réceptionniste
            |responsable|gérant), [la] réception, l'accueil, au secours, aidez-moi vite
    """),
    for_a_person=PhraseList("""
        parler (à|avec) (quelqu'un|un humain|une personne|un conseiller|un responsable
            |le responsable)
    """),
    asks_first=PhraseList("""
        quand (est|ouvrez|fermez|puis|peut), où, comment (je|on|puis|peut|faire|ça|est-ce),
        pourquoi, qui (est|sera|c'est), combien, quel, quelle, quels, quelles,
        que (faites|proposez), (à|jusqu'à|de|pour|dans|depuis) (quelle|quel|combien|quand|qui),
        qu'est-ce, est-ce, (pouvez|pourriez|avez|êtes|acceptez|faites|proposez|ouvrez|fermez|livrez
            |prenez|savez)-vous, (puis-je|peut-on|y a-t-il|faut-il|est-il|est-ce),
        vous (avez|êtes|acceptez|faites|ouvrez|fermez|livrez|prenez) (un|une|des|ouvert|ouverts|la
            |les|le|quoi|à), c'est (combien|gratuit|où|loin), ça (coûte|prend), (on|je) peut,
        on peut, je peux, il y a (un|une|des|de la)
    """),
    asks_anywhere=PhraseList("""
        est-ce (que|qu'il|qu'on|qu'elle), qu'est-ce (que|qui), à quelle heure,
        combien (ça coûte|coûte|de temps|ça fait), c'est combien, je me demandais,
        (je voulais|j'aimerais|je voudrais) savoir, [j'ai] une [petite] question,
        et pour (le|la|les), (pouvez|pourriez|avez)-vous
    """),
    tags=PhraseList("n'est-ce pas, pas vrai, c'est ça, hein, non"),
    not_tags=PhraseList("(que|pas|ou|mais|dit) non, parce que non"),
    not_asked=PhraseList("""
        quelle (bonne|chance|belle|surprise|joie|histoire), quel (dommage|plaisir|beau|bonheur),
        qui sait
    """),
    not_after=PhraseList("sais, dire"),
    reports=PhraseList("dit, disait, demandé, demandait, pensais, demande"),
    clause_marks=PhraseList("et, mais, alors, donc, ou, merci, pardon, oui, non, bon, d'accord"),
    prompts=PhraseList("dites-moi, donnez-moi, indiquez-moi, choisissez, dites, précisez"),
    numbers={
        "zéro": "0", "un": "1", "deux": "2", "trois": "3", "quatre": "4", "cinq": "5", "six": "6",
        "sept": "7", "huit": "8", "neuf": "9", "dix": "10", "onze": "11", "douze": "12",
        "quinze": "15", "vingt": "20", "trente": "30",
    },
)  # fmt: skip
