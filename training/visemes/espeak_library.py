"""The library of espeak-ng by ctypes, and a program that speaks what it is told on its standard input.

Imports nothing of this project: it is a process of its own, and starts fast.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import json
import sys
from importlib.util import find_spec

SYNCHRONOUS, PHONEME_EVENTS, IPA = 2, 1, 2
UTF8, END_PAUSE = 1, 0x1000
RATE, PITCH, RANGE = 1, 3, 4  # parameters
LIST_END, PHONEME = 0, 7  # kinds of events


class Event(ctypes.Structure):
    """``espeak_EVENT`` of speak_lib.h; the union at its end as the eight characters of a phoneme."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),  # ms
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("string", ctypes.c_char * 8),
    )


CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(Event))


def find() -> tuple[str, str | None] | None:
    """Library and folder of its data (None: where it was built to look); the wheel's before the system's."""
    if find_spec("espeakng_loader") is not None:
        import espeakng_loader  # pyright: ignore[reportMissingImports]

        return str(espeakng_loader.get_library_path()), str(espeakng_loader.get_data_path())
    system = ctypes.util.find_library("espeak-ng")
    return None if system is None else (system, None)


class Library:
    """espeak-ng, loaded: one voice speaks at a time, and says all before it returns."""

    def __init__(self) -> None:
        found = find()
        if found is None:
            raise RuntimeError("no espeak-ng library")
        self._library = ctypes.CDLL(found[0])
        data = None if found[1] is None else found[1].encode()
        self.rate = self._library.espeak_Initialize(SYNCHRONOUS, 0, data, PHONEME_EVENTS | IPA)
        if self.rate <= 0:
            raise RuntimeError(f"espeak-ng cannot read its data in {found[1]}")
        self._samples = bytearray()
        self._marks: list[tuple[str, float]] = []
        self._callback = CALLBACK(self._take)  # kept: the library holds only its address
        self._library.espeak_SetSynthCallback(self._callback)

    def _take(self, samples: ctypes._Pointer, count: int, events: ctypes._Pointer) -> int:
        if samples and count > 0:
            self._samples += ctypes.string_at(samples, 2 * count)
        place = 0
        while events[place].type != LIST_END:
            event = events[place]
            if event.type == PHONEME:
                # Eight bytes may end inside a character.
                self._marks.append((event.string.decode("utf-8", "ignore"), float(event.audio_position)))
            place += 1
        return 0

    def say(
        self, text: str, *, voice: str, rate: int, pitch: int, range: int
    ) -> tuple[bytes, list[tuple[str, float]]]:
        """Samples (int16) and the phonemes, in IPA, with the millisecond each begins at."""
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise ValueError(f"espeak-ng has no voice {voice}")
        for parameter, value in ((RATE, rate), (PITCH, pitch), (RANGE, range)):
            self._library.espeak_SetParameter(parameter, value, 0)
        if hasattr(self._library, "espeak_ng_SetRandSeed"):  # since 1.52: the noise of some variants
            self._library.espeak_ng_SetRandSeed(ctypes.c_long(1))
        self._samples.clear()
        self._marks.clear()
        data = text.encode()
        self._library.espeak_Synth(
            data, ctypes.c_size_t(len(data) + 1), 0, 1, 0, UTF8 | END_PAUSE, None, None
        )
        return bytes(self._samples), list(self._marks)


def main() -> None:
    """Answer each request on standard input with a line of facts and the samples."""
    library, out = Library(), sys.stdout.buffer
    for line in sys.stdin:
        request = json.loads(line)
        try:
            samples, marks = library.say(request.pop("text"), **request)
        except ValueError as error:
            out.write(json.dumps({"error": str(error)}).encode() + b"\n")
        else:
            facts = {"samples": len(samples) // 2, "rate": library.rate, "marks": marks}
            out.write(json.dumps(facts).encode() + b"\n" + samples)
        out.flush()


if __name__ == "__main__":
    main()
