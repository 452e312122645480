"""How each language stops, agrees and asks: one module of data per language.

Every module in this package that has ``PHRASES`` is a pack. Adding one is all a new language takes.
"""

import pkgutil
from importlib import import_module

from utterance.phrases.shape import SENTENCE_ENDS, PhraseList, Phrases, PhraseTable, tokens, words

__all__ = [
    "DEFAULT",
    "PACKS",
    "SENTENCE_ENDS",
    "PhraseList",
    "PhraseTable",
    "Phrases",
    "pack_for",
    "tokens",
    "words",
]


def _packs() -> dict[str, Phrases]:
    modules = [import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__)]
    packs = [module.PHRASES for module in modules if hasattr(module, "PHRASES")]
    return {pack.language: pack for pack in packs}


PACKS = _packs()
DEFAULT = PACKS["en"]


def pack_for(lang: str) -> Phrases:
    """The pack for a language tag such as ``es-US``; English if there is none."""
    return PACKS.get(lang.replace("_", "-").partition("-")[0].lower(), DEFAULT)
