"""Which class each phone of the synthesizers belongs to, and which class each 10-ms frame has.

Every phone set is first written in IPA, and IPA is mapped to classes in one place. A symbol made of several
sounds (a diphthong, an affricate, a vowel with *r*) is split in time.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np

from lipsync_ray.speech.features import HOP, RATE, frame_count
from lipsync_ray.speech.visemes.classes import NAMES, SILENCE

IPA = {
    "a": "aɑ",
    "ae": "æ",
    "ah": "ʌɐ",
    "eh": "ɛε",
    "e": "e",
    "ih": "ɪᵻ",
    "i": "i",
    "schwa": "əɨɯɤɘᵊ",
    "er": "ɜɚɝɵɞ",
    "ao": "ɔɒ",
    "o": "o",
    "uh": "ʊᵿ",
    "u": "uʉ",
    "y": "yʏ",
    "oe": "øœɶ",
    "p": "pb",
    "m": "m",
    "f": "fvʋɱβɸⱱ",
    "w": "wʍɥ",
    "th": "θð",
    "t": "tdʈɖɾ",
    "n": "nɳɲ",
    "l": "lɫɭʎɬɮɺ",
    "s": "sz",
    "sh": "ʃʒʂʐɕʑɧ",
    "r": "ɹrɻɽ",
    "k": "kɡgqcɟ",
    "ng": "ŋɴ",
    "h": "hɦʔ?ħʕ",
    "j": "jʝç",
    "x": "xɣχʁʀɰ",
}
CLASS = {symbol: NAMES.index(name) for name, symbols in IPA.items() for symbol in symbols}
VOWELS = frozenset("".join(IPA[name] for name in "a ae ah eh e ih i schwa er ao o uh u y oe".split()))
LIQUIDS = frozenset(IPA["r"] + IPA["l"])
SPELLINGS = {
    "ʦ": "ts",
    "ʧ": "tʃ",
    "ʨ": "tɕ",
    "ʣ": "dz",
    "ʤ": "dʒ",
    "ʥ": "dʑ",
    "s.": "ʂ",
    "z.": "ʐ",
    "i.": "ɨ",
}
LONG = {"ː": 1.5, "ˑ": 1.25, ":": 1.5}
# Stress, aspiration, palatalisation, rounding, pharyngealisation, release, ejection, ties, tones: no class of
# their own, nor are combining marks.
IGNORED = frozenset("ˈˌ'\"ʰʱʲʷˠˤˀⁿˡʼ˞ᵝ‿-.˥˦˧˨˩0123456789^")
PAUSE = re.compile(r"[_:ː]*|\([a-z-]+\)")  # the latter: espeak-ng changes to the rules of another language

ARPABET = """aa=ɑ ae=æ ah=ʌ ao=ɔ aw=au ax=ə axr=ɚ ay=aɪ b=b ch=tʃ d=d dh=ð dx=ɾ eh=ɛ el=əl em=m en=n er=ɝ
    ey=eɪ f=f g=g h#=_ hh=h hv=h ih=ɪ iy=i jh=dʒ k=k l=l m=m n=n ng=ŋ nx=n ow=ou oy=ɔɪ p=p pau=_ brth=_
    r=r s=s sh=ʃ t=t th=θ uh=ʊ uw=u v=v w=w y=j z=z zh=ʒ"""
CZECH = """#=_ _=ʔ a=a a:=aː b=b c=ts c~=tʃ ch=x d=d d~=ɟ dz=dz dz~=dʒ e=ɛ e:=ɛː f=f g=g h=ɦ i=ɪ i:=iː
    j=j k=k l=l m=m n=n n*=ŋ n~=ɲ o=o o:=oː p=p r=r r~=rʒ r~*=rʃ s=s s~=ʃ t=t t~=c u=u u:=uː v=v z=z
    z~=ʒ"""
FINNISH = """#=_ ##=_ a=ɑ e=e i=i o=o u=u y=y @=æ 7=ø &=ə p=p t=t k=k b=b d=d g=g f=f T=θ D=ð s=s z=z S=ʃ
    Z=ʒ h=h v=ʋ m=m n=n N=ŋ l=l L=l r=r j=j w=w"""
ITALIAN = """#=_ i=i e=e E=ɛ a=a o=o O=ɔ u=u i1=i e1=e E1=ɛ a1=a o1=o O1=ɔ u1=u j=j w=w p=p t=t k=k b=b
    d=d g=g f=f s=s S=ʃ v=v z=z Z=ʒ ts=ts tS=tʃ dz=dz dZ=dʒ m=m n=n J=ɲ ng=ŋ nf=ɱ l=l L=ʎ r=r"""
CATALAN = """pau=_ _=_ #=_ ax=ə a=a a1=a b=b d=d e=e e1=e E=ɛ E1=ɛ f=f g=g i=i i1=i j=j J=ɲ k=k l=l L=ʎ
    m=m n=n o=o o1=o O=ɔ O1=ɔ p=p r=ɾ rr=r s=s S=ʃ t=t u=u u1=u w=w z=z Z=ʒ"""
HINDI = """pau=_ a=ʌ aa=a ih=ɪ iy=i uh=ʊ uw=u eh=e ee=e ay=ɛ oh=o oo=o aw=ɔ f=f k=k g=g ch=tʃ T=ʈ D=ɖ N=ɳ
    th=t dh=d n=n p=p b=b m=m y=j r=r l=l v=ʋ L=ɭ R=ɽ s=s sh=ʃ j=dʒ h=ɦ ksh=kʃ kh=k gh=g td=ʈ tth=t ddh=d
    bh=b zh=ʒ w=w"""
RUSSIAN = """pau=_ ii=i yy=ɨ uu=u ee=e oo=o aa=a a=ʌ e=ɪ i=ɪ y=ɨ u=ʊ ae=ə ay=ə ur=ʊ p=p pp=p b=b bb=b t=t
    tt=t d=d dd=d k=k kk=k g=g gg=g c=ts ch=tɕ f=f ff=f v=v vv=v s=s ss=s z=z zz=z sh=ʂ sch=ɕ zh=ʐ h=x
    hh=x m=m mm=m n=n nn=n l=l ll=l r=r rr=r j=j"""
PHONE_SETS = {
    name: dict(pair.split("=") for pair in text.split())
    for name, text in {
        "radio": ARPABET,
        "czech": CZECH,
        "finnish": FINNISH,
        "italian": ITALIAN,
        "upc_catalan-central": CATALAN,
        "hindi": HINDI,
        "msu_ru": RUSSIAN,
    }.items()
}
Pieces = tuple[tuple[int, float], ...]  # class, share of the phone's time


class UnknownPhoneError(ValueError):
    """A symbol that no table knows: its utterance must be left out rather than be labelled wrong."""

    def __init__(self, symbol: str, phone: str) -> None:
        self.symbol = symbol
        super().__init__(f"unknown symbol {symbol!r} in phone {phone!r}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """A phone in time: seconds, from ``start`` up to ``stop``."""

    pieces: Pieces
    start: float
    stop: float


@cache
def from_ipa(phone: str) -> Pieces:
    """Classes of an IPA symbol or cluster, with the share of time of each; raises ``UnknownPhoneError``.

    A vowel after a vowel gets 41 % of the two, *r* or *l* after a vowel 33 %, the halves of an affricate the
    same; a length mark makes the sound before it half as long again.
    """
    weights: list[list[float]] = []
    last_vowel = False
    whole = unicodedata.normalize("NFC", phone)
    for written, meant in SPELLINGS.items():
        whole = whole.replace(written, meant)
    for symbol in "".join(one if one in CLASS else unicodedata.normalize("NFD", one) for one in whole):
        if symbol in LONG and weights:
            weights[-1][1] *= LONG[symbol]
        elif symbol == "h" and weights and not last_vowel:
            continue  # the aspiration of a stop, as espeak-ng writes it for Mandarin
        elif symbol in CLASS:
            vowel = symbol in VOWELS
            weight = 0.7 if vowel and last_vowel else 0.5 if symbol in LIQUIDS and last_vowel else 1.0
            weights.append([CLASS[symbol], weight])
            last_vowel = vowel
        elif symbol not in IGNORED and not unicodedata.category(symbol).startswith("M"):
            raise UnknownPhoneError(symbol, phone)
    total = sum(weight for _, weight in weights)
    return tuple((int(index), weight / total) for index, weight in weights)


def is_pause(phone: str) -> bool:
    """Whether espeak-ng names a pause so."""
    return PAUSE.fullmatch(phone) is not None


def pieces(phone: str, phone_set: str = "ipa") -> Pieces:
    """Classes of a phone of ``ipa`` or of a festival phone set; raises ``UnknownPhoneError``.

    None if the phone is a modifier, which belongs to the sound before it.
    """
    if phone_set == "ipa":
        return ((SILENCE, 1.0),) if is_pause(phone) else from_ipa(phone)
    table = PHONE_SETS[phone_set]
    # Finnish writes long phones with a colon, of which its table has only the short ones.
    ipa = table.get(phone) or table.get(phone.removesuffix(":"))
    if ipa is None:
        raise UnknownPhoneError(phone, phone)
    return ((SILENCE, 1.0),) if ipa == "_" else from_ipa(ipa)


def label(phones: Iterable[Phone], samples: int) -> np.ndarray:
    """Class of every frame of a sound of so many samples at 16 kHz: ``uint8[frames]``.

    Frame ``k`` gets what is heard at ``k * 10 ms``; where no phone is, silence.
    """
    labels = np.full(frame_count(samples), SILENCE, np.uint8)
    for phone in phones:
        start = phone.start
        for index, share in phone.pieces:
            stop = start + share * (phone.stop - phone.start)
            first, last = (max(0, int(np.ceil(time * RATE / HOP - 1e-6))) for time in (start, stop))
            labels[first:last] = index
            start = stop
    return labels
