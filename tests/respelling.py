"""A voice that reports what it says in words of its own, from a seed.

It spells out numbers, prices, times, addresses and abbreviations as speech engines do, and drops,
doubles or swaps words now and then.
"""

import random
import re
from dataclasses import dataclass


def _words(text: str) -> list[str]:
    return text.split()


DIGITS = {
    "en": _words("zero one two three four five six seven eight nine"),
    "es": _words("cero uno dos tres cuatro cinco seis siete ocho nueve"),
    "fr": _words("zéro un deux trois quatre cinq six sept huit neuf"),
    "de": _words("null eins zwei drei vier fünf sechs sieben acht neun"),
    "it": _words("zero uno due tre quattro cinque sei sette otto nove"),
    "pt": _words("zero um dois três quatro cinco seis sete oito nove"),
}
TENS = {
    "en": _words("ten twenty thirty forty fifty sixty seventy eighty ninety"),
    "es": _words("diez veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa"),
    "fr": _words("dix vingt trente quarante cinquante soixante septante quatre-vingts nonante"),
    "de": _words("zehn zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig"),
    "it": _words("dieci venti trenta quaranta cinquanta sessanta settanta ottanta novanta"),
    "pt": _words("dez vinte trinta quarenta cinquenta sessenta setenta oitenta noventa"),
}
HUNDRED = dict(zip(DIGITS, ["hundred", "cien", "cent", "hundert", "cento", "cento"], strict=True))
SYMBOLS = {
    "en": {"$": "dollars", "€": "euros", "%": "percent", "@": "at", "&": "and", "km": "kilometers"},
    "es": {"$": "dólares", "€": "euros", "%": "por ciento", "@": "arroba", "km": "kilómetros"},
    "fr": {"$": "dollars", "€": "euros", "%": "pour cent", "@": "arobase", "km": "kilomètres"},
    "de": {"$": "Dollar", "€": "Euro", "%": "Prozent", "@": "Ät", "km": "Kilometer"},
    "it": {"$": "dollari", "€": "euro", "%": "per cento", "@": "chiocciola", "km": "chilometri"},
    "pt": {"$": "dólares", "€": "euros", "%": "por cento", "@": "arroba", "km": "quilómetros"},
}
ABBREVIATIONS = {
    "en": {"Dr.": "Doctor", "St.": "Street", "Ave.": "Avenue", "a.m.": "a m"},
    "es": {"Dr.": "Doctor", "Sra.": "Señora", "Avda.": "Avenida"},
    "fr": {"Dr": "Docteur", "M.": "Monsieur", "bd": "boulevard"},
    "de": {"Dr.": "Doktor", "Str.": "Straße", "z.B.": "zum Beispiel"},
    "it": {"Dott.": "Dottore", "Sig.": "Signor", "n.": "numero"},
    "pt": {"Dr.": "Doutor", "Sra.": "Senhora", "Av.": "Avenida"},
}

_NUMBER = re.compile(r"\d+")


@dataclass
class SpellingVoice:
    """Spells out what it says; of a hundred words, `slips` are dropped, doubled or swapped."""

    rng: random.Random
    lang: str = "en"
    slips: int = 0

    def report(self, text: str) -> str:
        """What it reports of this text."""
        for short, long in ABBREVIATIONS[self.lang].items():
            text = re.sub(rf"(?<!\w){re.escape(short)}(?!\w)", long, text)
        for symbol, name in SYMBOLS[self.lang].items():
            text = re.sub(rf"{re.escape(symbol)}(?![^\W\d_])", f" {name} ", text)
        text = re.sub(r"(?<=\w)\.(?=\w)", " dot ", text) if "@" in text else text
        text = _NUMBER.sub(lambda found: f" {self._number(found[0])} ", text)
        return self.slip(text)

    def slip(self, text: str) -> str:
        """The text with words dropped, doubled and swapped."""
        said: list[str] = []
        for word in text.split():
            match self.rng.randrange(300) if self.slips else 300:
                case chance if chance < self.slips:
                    continue
                case chance if chance < 2 * self.slips:
                    said += [word, word]
                case chance if chance < 3 * self.slips:
                    said.insert(len(said) - 1, word)
                case _:
                    said.append(word)
        return " ".join(said)

    def _number(self, digits: str) -> str:
        one_by_one = " ".join(DIGITS[self.lang][int(digit)] for digit in digits)
        if len(digits) > 3 or digits[0] == "0" or self.rng.random() < 0.3:
            return one_by_one
        hundreds, tens, ones = map(int, digits.zfill(3))
        words = [DIGITS[self.lang][hundreds], HUNDRED[self.lang]] if hundreds else []
        words += [TENS[self.lang][tens - 1]] if tens else []
        words += [DIGITS[self.lang][ones]] if ones or not words else []
        return " ".join(words)


# Clauses that a receptionist says, with much to spell out.
CLAUSES = {
    "en": (
        "The room is $120.50 a night.",
        "Breakfast is included,",
        "it starts at 6:30 a.m. every day.",
        "Dr. Smith is at 12 Main St. on the 3rd floor.",
        "Call us at 555-0199 before noon,",
        "or write to info@example.com today.",
        "The deposit is 20% of the price.",
        "It is 15 km from the airport,",
    ),
    "es": (
        "La habitación cuesta 120,50 € por noche.",
        "El desayuno está incluido,",
        "empieza a las 6:30 todos los días.",
        "La Sra. López vive en la Avda. Central 12.",
        "Llame al 555-0199 antes de las 12,",
        "o escriba a info@example.com hoy.",
        "Está a 15 km del aeropuerto.",
    ),
    "fr": (
        "La chambre coûte 120,50 € par nuit.",
        "Le petit-déjeuner est compris,",
        "il commence à 6:30 tous les jours.",
        "M. Dupont est au 12 bd Voltaire.",
        "Appelez le 05 55 01 99 avant midi,",
        "ou écrivez à info@example.com.",
        "L'acompte est de 20% du prix.",
    ),
    "de": (
        "Das Zimmer kostet 120,50 € pro Nacht.",
        "Das Frühstück ist dabei,",
        "es beginnt um 6:30 Uhr jeden Tag.",
        "Dr. Weber ist in der Hauptstr. 12 zu finden.",
        "Rufen Sie 555-0199 vor 12 Uhr an,",
        "oder schreiben Sie an info@example.com.",
        "Es sind 15 km zum Flughafen.",
    ),
    "it": (
        "La camera costa 120,50 € a notte.",
        "La colazione è inclusa,",
        "inizia alle 6:30 ogni giorno.",
        "Il Dott. Rossi è in via Roma n. 12.",
        "Chiami il 555-0199 prima delle 12,",
        "o scriva a info@example.com oggi.",
        "Sono 15 km dall'aeroporto.",
    ),
    "pt": (
        "O quarto custa 120,50 € por noite.",
        "O café da manhã está incluído,",
        "começa às 6:30 todos os dias.",
        "A Sra. Silva mora na Av. Central 12.",
        "Ligue para 555-0199 antes das 12,",
        "ou escreva para info@example.com hoje.",
        "São 15 km do aeroporto.",
    ),
}
