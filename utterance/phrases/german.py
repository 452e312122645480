"""German."""

from utterance.phrases.shape import PhraseList, Phrases

PHRASES = Phrases(
    language="de",
    yes=PhraseList("""
        ja, ja ja, jawohl, jo, jap, jep, genau, natürlich, klar, na klar, sicher, auf jeden fall,
        richtig, stimmt, doch, gerne, ja bitte, ja gerne, selbstverständlich
    """),
    no=PhraseList("nein, nee, nö, auf keinen fall"),
    backchannels=PhraseList("""
        gut, okay, ok, alles klar, in ordnung, [ich] verstehe, verstanden, danke, vielen dank,
        danke (schön|sehr), dankeschön, bitte, bitteschön, super, prima, toll, schön, sehr gut,
        perfekt, klasse, ausgezeichnet, [das] passt, kein problem, kein ding, macht nichts,
        keine ursache, (machen|sprechen|reden|fahren) sie [ruhig|bitte] (weiter|fort), nur zu,
        weiter, na gut, gern, das (ist|klingt|hört sich) (gut|super|prima|toll|schön|in ordnung),
        klingt gut, wunderbar, mhm, lassen sie sich zeit, gute idee, das stimmt, das ist richtig
    """),
    comments=PhraseList("""
        wirklich, echt, ach (wirklich|echt|so|ja), achso, was für (eine gute idee|ein glück),
        schade, wer weiß, das (mache|mach) ich, ich auch, ich glaube schon, ich denke schon,
        ich weiß, wie (schön|nett|toll|schade), das freut mich, kann sein, mal sehen
    """),
    sounds=PhraseList("ah, oh, aha, ach, hm, hmm, mm, mmm, ui, oje, mein gott, wow"),
    fillers=PhraseList("äh, ähm, öhm, ehm, um, uh, tja"),
    openers=PhraseList("""
        und, aber, also, na, dann, oder, denn, hören sie, entschuldigung, entschuldigen sie, nun,
        mal, eigentlich, sagen sie [mal], wissen sie, sehen sie, hallo, guten tag, übrigens,
        außerdem, naja
    """),
    closers=PhraseList("bitte, danke, mal, jetzt, denn, eigentlich, bitte schön"),
    particles=PhraseList("""
        der, die, das, ein, eine, einen, zu, in, im, an, am, und, ich, es, er, sie, wir, mit, von,
        vom, ist, den, dem, auf, so, war, dass, mein, bei
    """),
    hellos=PhraseList("""
        hallo, ist da (jemand|wer), sind sie [noch] da, bist du [noch] da,
        (hören|verstehen) sie mich, können sie mich hören
    """),
    repeats=PhraseList("""
        wie bitte, bitte wie, bitte was, was, wie, was (haben|hatten) sie gesagt, was sagten sie,
        entschuldigung, ich habe (sie|das) [leider] nicht (verstanden|gehört), nicht verstanden,
        das habe ich [leider] nicht (verstanden|gehört|mitbekommen), ich verstehe nicht,
        ich (höre|verstehe) sie [sehr] (nicht|schlecht), noch (einmal|mal) [bitte], nochmal [bitte],
        wann, wo, wer, warum, wieso, wie viel, wieviel
    """),
    stops=PhraseList("""
        (stopp|stop), (warte|warten sie) [mal|bitte|kurz|mal bitte|einen moment],
        moment [mal|bitte], (einen|ein) (moment|augenblick) [bitte|mal], augenblick [bitte|mal],
        eine sekunde [bitte], [bitte] hören sie [bitte] auf, hör [bitte] auf,
        seien sie [bitte] (still|ruhig|leise), sei still, halten sie [bitte|mal|kurz] an,
        das reicht, es reicht, jetzt reicht es,
        (entschuldigung|entschuldigen sie) dass ich (unterbreche|sie unterbreche),
        darf ich [sie] [kurz] unterbrechen, halt [mal|bitte|stopp]
    """),
    not_stops=PhraseList("""
        halt (so|nicht|ein|eine|das|nur|auch|immer|der|die|schon), warte (ich|schon|seit),
        stopp schild, moment (habe|haben|ist|bin|war)
    """),
    lone_stops=PhraseList("""
        aufhören, ruhe, genug, pause, schluss, vergessen sie es, lassen sie [es] gut sein
    """),
    clear_stops=PhraseList("""
        stopp [bitte], stop, hören sie [bitte] auf, hör auf, aufhören,
        seien sie [bitte] (still|ruhig), sei still, das reicht, es reicht, ruhe bitte,
        (können|könnten) sie [bitte] aufhören, können sie [bitte] (still|ruhig) sein
    """),
    goodbyes=PhraseList("""
        tschüss, tschüs, tschau, ciao, [auf] (wiedersehen|wiederhören), auf wieder (sehen|hören),
        bis (dann|morgen|bald|später|montag), gute nacht, servus,
        [einen] schönen (tag|abend) [noch], ade
    """),
    leavings=PhraseList("""
        das (war|wär|wäre) (es|alles), das war's, das wars, das ist alles,
        ich muss (auflegen|los|weg), mehr nicht, sonst nichts,
        ich rufe [später|nochmal|wieder] (an|zurück)
    """),
    corrections=PhraseList("""
        [das] stimmt [so] nicht, das ist [so] (falsch|nicht richtig|nicht korrekt|nicht mein),
        falsch, nein danke, (ich habe|ich hatte) (gesagt|gefragt), ich (sagte|meinte),
        ich (will|möchte) (nicht|das nicht), sie (irren|täuschen) sich,
        das habe ich nicht (gesagt|gemeint), kein interesse, nicht das,
        ich habe es mir anders überlegt, das meinte ich nicht
    """),
    instead=PhraseList("""
        [am|lieber] (montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonntag), morgen, um, für,
        am, ich (will|möchte|wollte|hätte|brauche), es ist, lieber, mein name, meine nummer,
        das andere, der andere, die andere
    """),
    polite=PhraseList("""
        bitte, (können|könnten|würden) sie [das|mir|mich|bitte|mir bitte|mich bitte]
    """),
    orders=PhraseList("""
        (wiederholen|wiederholen sie) [das|bitte],
        (verbinden|geben|sagen|schicken|rufen|buchstabieren|helfen) sie [mir|mich|das],
        (verbinden|zurückrufen|durchstellen|weiterleiten), stellen sie mich,
        (sprechen|reden) sie [bitte] (langsamer|lauter), langsamer, lauter,
        (stornieren|ändern|verschieben|buchen|reservieren) sie, es ist (dringend|ein notfall),
        notfall
    """),
    wishes=PhraseList("""
        ich (möchte|will|brauche|bräuchte|nehme|suche), ich (hätte|würde) (gern|gerne|lieber),
        lieber, (kann|könnte|dürfte|darf) ich (mit|bitte mit|einen termin|einen tisch|einen|eine),
        wir (möchten|hätten gern|hätten gerne|brauchen), ich wollte (einen|eine|mit|meinen|meine)
    """),
    pleas=PhraseList("bitte, wenn möglich"),
    people=PhraseList("""
        [mit] [ein|einen|einem] (mensch|menschen|mitarbeiter|kollegen|berater|vorgesetzten), jemand,
        mitarbeiterin, jemanden, [die] (rezeption|vermittlung|zentrale), empfang, [den|der] chef,
        hilfe, [mit] [eine|einer] [echte|echten] person
    """),
    for_a_person=PhraseList("""
        mit (jemandem|einem (menschen|mitarbeiter|kollegen)|einer (person|mitarbeiterin)
            |dem chef) (sprechen|reden)
    """),
    asks_first=PhraseList("""
        wann, wo, wie (viel|lange|oft|weit|teuer|spät|komme|kann|ist|sind|geht|funktioniert|war
            |heißt|groß|alt|früh|läuft|sieht), warum, wieso, weshalb, wer, wem, wen, welche,
        welcher, welches, welchen, wieviel, wohin, woher, wofür,
        (um|bis|ab|seit|von|für|an) (wann|wie|welchem|welche|wo),
        was (kostet|kosten|ist|sind|haben|machen|kann|muss|brauche|passiert|bedeutet|soll|wäre),
        (haben|hätten|können|könnten|sind|machen|bieten|nehmen|akzeptieren|würden|liefern|öffnen
            |schließen|wissen) sie, (kann|könnte|muss|darf|soll|sollte|bin|brauche|bekomme) ich,
        kann man, (ist|wäre|geht|kostet|gibt|muss|kann|war|sind|haben) (das|es|die|der|da|dort|ihr
            |wir|man), gibt's, geht's, hast du, bist du, kannst du, ginge
    """),
    asks_anywhere=PhraseList("""
        was (ist mit|kostet), wie (wäre|sieht) es, wie viel kostet, wie lange dauert,
        ich frage mich, ich (wollte|möchte|würde gern|würde gerne) (fragen|wissen),
        [ich habe|hätte] [noch] eine frage, wissen sie ob, ob sie (auch|noch)
    """),
    tags=PhraseList("oder, nicht wahr, oder nicht, gell, stimmt's, richtig"),
    not_tags=PhraseList("(ganz|ist|nicht|das ist) richtig"),
    not_asked=PhraseList("wie (schön|nett|gesagt|toll|schade), wer weiß, was für (ein|eine)"),
    reports=PhraseList("sagte, gesagt, sagt, fragte, gefragt, dachte"),
    clause_marks=PhraseList("und, aber, oder, also, danke, ja, nein, gut, okay, entschuldigung"),
    prompts=PhraseList("""
        (sagen|nennen|geben|wählen) sie [mir|bitte], bitte (sagen|nennen|wählen) sie
    """),
    numbers={
        "null": "0", "eins": "1", "zwei": "2", "drei": "3", "vier": "4", "fünf": "5", "sechs": "6",
        "sieben": "7", "acht": "8", "neun": "9", "zehn": "10", "elf": "11", "zwölf": "12",
        "fünfzehn": "15", "zwanzig": "20", "dreißig": "30",
    },
)  # fmt: skip
