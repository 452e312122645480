"""Spanish."""

from utterance.phrases.shape import PhraseList, Phrases

PHRASES = Phrases(
    language="es",
    yes=PhraseList("""
        sí, si, sí sí, claro, claro que (sí|si), por supuesto, ajá, aja, exacto, exactamente,
        correcto, así es, desde luego, sí por favor
    """),
    no=PhraseList("no, qué va, para nada"),
    backchannels=PhraseList("""
        vale, ok, okay, bien, muy bien, bueno, de acuerdo, perfecto, genial, estupendo, excelente,
        fantástico, entiendo, entendido, comprendo, ya veo, ya, ya ya, gracias, muchas gracias,
        mil gracias, está bien, no hay problema, sin problema, no se preocupe, no te preocupes,
        (siga|sigue|continúe|continúa) [por favor], adelante, (me parece|suena) (bien|perfecto),
        de nada, qué bien, qué bueno, por favor, buena idea, con gusto
    """),
    comments=PhraseList("""
        [ah|oh] (de verdad|en serio|de veras), no me digas, eso es,
        qué (lástima|pena|bonito|maravilla), quién sabe, cómo no, yo también, lo haré, ya lo sé,
        supongo, supongo que sí, creo que sí
    """),
    sounds=PhraseList("ah, oh, uy, vaya, caramba, mm, mmm, hmm, anda, dios mío"),
    fillers=PhraseList("eh, em, um, uh, mmm eh"),
    openers=PhraseList("""
        y, pero, pues, entonces, o, mire, oiga, mira, oye, es que, perdón, perdone, disculpe, a ver,
        bueno pues, o sea, además, también, hola, por cierto
    """),
    closers=PhraseList("por favor, gracias, señor, señora, señorita, ya, ahora, verdad"),
    particles=PhraseList("""
        el, la, los, las, un, una, de, del, a, al, en, que, y, lo, se, me, te, mi, su, con, por, yo,
        es, le, nos, o
    """),
    hellos=PhraseList("""
        hola, aló, bueno bueno, hay alguien [ahí], (está|sigue|estás|sigues) [usted] ahí,
        me (oye|oyes|escucha|escuchas)
    """),
    repeats=PhraseList("""
        cómo, qué, cómo (dice|dijo), perdón, perdone, disculpe, mande, qué (dijo|dice), no entiendo,
        no le (oigo|escucho|entiendo|entendí), no te (oigo|escucho|entiendo|entendí), otra vez,
        una vez más, cuándo, dónde, quién, cuánto, por qué
    """),
    stops=PhraseList("""
        (espera|espere|espérate|espérese|esperen) [un (momento|segundo|minuto|poco)|por favor],
        [deme|dame] un (momento|segundo|minuto|momentito|segundito), (para|pare) (ya|por favor),
        (detente|deténgase|basta|cállate|cállese), ya basta, deja de hablar, deje de hablar,
        (perdone|perdón|disculpe) que (le|lo|la|te) interrumpa, (siento|lamento) interrumpir,
        no (siga|sigas)
    """),
    not_stops=PhraseList("(espera|espere) que, un (momento|minuto) (después|antes|que)"),
    lone_stops=PhraseList("""
        para, pare, parar, callarse, alto, silencio, stop, suficiente, déjelo, déjalo, olvídelo
    """),
    clear_stops=PhraseList("""
        (pare|para) (ya|por favor), pare, basta [ya], ya basta, detente, deténgase, cállate,
        cállese, (deje|deja) de hablar [por favor], silencio, puede (parar|callarse)
    """),
    goodbyes=PhraseList("""
        adiós, chao, chau, hasta (luego|mañana|pronto|la vista|el lunes), nos vemos, buenas noches,
        que le vaya bien
    """),
    leavings=PhraseList("""
        eso es todo, es todo, nada más, eso era todo, tengo que (colgar|irme), me tengo que ir,
        que tenga (buen|un buen) día, le llamo (luego|más tarde), llamo más tarde
    """),
    corrections=PhraseList("""
        no es (correcto|así|eso|verdad|mi), eso no es (correcto|así|verdad|lo que),
        (está|eso está) (mal|equivocado), se equivoca, te equivocas, no gracias, no muchas gracias,
        (he dicho|dije|yo dije|le dije|quise decir|quería decir), no (quiero|necesito) eso,
        no me interesa, me equivoqué, cambié de opinión, he cambiado de opinión
    """),
    instead=PhraseList("""
        el (lunes|martes|miércoles|jueves|viernes|sábado|domingo|otro),
        (lunes|martes|miércoles|jueves|viernes|sábado|domingo), mañana, a las, a la, para, quiero,
        quería, quisiera, necesito, mejor, mi (nombre|número|apellido), me llamo, la otra, dije
    """),
    polite=PhraseList("""
        por favor, (puede|podría|puedes|podrías) [por favor], (quiero|necesito) que
    """),
    orders=PhraseList("""
        (repita|repítame|repítalo|repite|repetir|repetirlo|repetirme), (páseme|pásame|póngame) con,
        comuníqueme [con], (deme|dame|dígame|dime|mándeme|envíeme|llámeme|ayúdeme|ayúdame),
        (cancele|cancelar|cambie|cambiar|reserve|reservar|anule|anular) (mi|la|el|una|un),
        hable más (despacio|alto|fuerte), más despacio, (hablar|pasarme|comunicarme) con,
        es (urgente|una emergencia)
    """),
    wishes=PhraseList("""
        (quiero|quería|quisiera|necesito|prefiero|preferiría), me gustaría, me quedo con,
        (puedo|podría) (hablar|reservar|cambiar|cancelar|pedir|hacer|tener)
    """),
    pleas=PhraseList("por favor, si es posible"),
    people=PhraseList("""
        [con] [una] persona [real|de verdad], [con] [un|una|el|la] (agente|operador|operadora
            |representante|recepcionista|encargado|encargada|gerente|supervisor|humano), recepción,
        [con] alguien, ayuda
    """),
    for_a_person=PhraseList("""
        hablar con (una persona|alguien|un humano|un agente|el gerente|el encargado|un supervisor)
    """),
    asks_first=PhraseList("""
        qué, cuándo, dónde, cómo, quién, cuánto, cuánta, cuántos, cuántas, cuál, cuáles, por qué,
        (a|de|hasta|desde|para|con|en) (qué|cuándo|dónde|quién|cuál|cuánto), que (hora|horario),
        (puedo|puede|puedes|podría|pueden|podrían|podemos), (tienen|tiene|tienes) (un|una|algo|mesa
            |sitio|lugar|cita|descuento|parking|aparcamiento|wifi|hora|libre|que),
        (hay|habrá) (algo|alguna|algún|un|una|sitio|mesa|aparcamiento|parking|que pagar),
        (es|sería) (posible|gratis|necesario|caro|lejos|el mismo), se puede, aceptan, admiten,
        abren, cierran, están abiertos, están (el|los), ofrecen, hacen (envíos|descuentos|reservas)
    """),
    asks_anywhere=PhraseList("""
        a qué hora, cuánto (cuesta|cuestan|es|vale|sale|tarda), me (puede|podría) decir,
        me preguntaba, (quería|quisiera|me gustaría) saber, [tengo] una pregunta, qué tal,
        qué pasa (con|si), dónde (está|están|queda), (tiene|tienen) usted,
        y (el|los) (sábado|sábados|domingo|domingos)
    """),
    tags=PhraseList("verdad, no es así, no es cierto, no"),
    not_tags=PhraseList("(que|creo que|pero|digo que|o) no, de verdad, es verdad, la verdad"),
    not_asked=PhraseList("""
        qué (bien|bueno|lástima|bonito|bonita|pena|maravilla|alegría|rico|susto), quién sabe,
        cómo no
    """),
    not_after=PhraseList("sé, saber, que"),
    reports=PhraseList("dijo, dice, digo, dije, pregunté, preguntó, pensé"),
    clause_marks=PhraseList("y, pero, entonces, o, pues, gracias, vale, bueno, perdón, sí, no"),
    prompts=PhraseList("dígame, dime, indíqueme, elija, diga"),
    numbers={
        "cero": "0", "uno": "1", "dos": "2", "tres": "3", "cuatro": "4", "cinco": "5", "seis": "6",
        "siete": "7", "ocho": "8", "nueve": "9", "diez": "10", "once": "11", "doce": "12",
        "quince": "15", "veinte": "20", "treinta": "30",
    },
)  # fmt: skip
