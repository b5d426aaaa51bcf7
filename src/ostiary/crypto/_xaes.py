"""XAES-256-GCM: AES-256-GCM with a 24-byte nonce, so that random nonces are safe for about 2^80 messages.

The first half of the nonce derives a key by CMAC (SP 800-108 counter mode), the second half is the GCM nonce
under that key. Source: C2SP XAES-256-GCM.
"""

import threading

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_SIZE = 32
NONCE_SIZE = 24
_HALF = 12
_REDUCTION = 0x87  # of the field polynomial in CMAC's doubling (SP 800-38B 5.3)


class XaesKey:
    """One key. Expanding it once makes a derivation a single AES call of two blocks."""

    __slots__ = ("_cipher", "_lock", "_masks")

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_SIZE:
            raise ValueError("XAES-256-GCM takes a key of 32 bytes")
        # CMAC of one whole block is one raw AES call on (block xor K1); nothing else is encrypted this way
        self._cipher = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305  single blocks
        self._lock = threading.Lock()
        doubled = int.from_bytes(self._cipher.update(bytes(16))) << 1
        subkey = (doubled ^ _REDUCTION if doubled >> 128 else doubled) & ((1 << 128) - 1)
        first, second = (int.from_bytes(b"\x00" + bytes([n]) + b"X\x00" + bytes(12)) for n in (1, 2))
        self._masks = (subkey ^ first) << 128 | (subkey ^ second)

    def derive(self, first_half: bytes) -> AESGCM:
        """The AES-256-GCM key for nonces that begin with these 12 bytes."""
        if len(first_half) != _HALF:
            raise ValueError("half a nonce has 12 bytes")
        half = int.from_bytes(first_half)
        blocks = (self._masks ^ (half << 128 | half)).to_bytes(32)
        with self._lock:  # the cipher object keeps no state between whole blocks but is not made for threads
            derived = self._cipher.update(blocks)
        return AESGCM(derived)

    def encrypt(self, nonce: bytes, plaintext: bytes, aad: bytes) -> bytes:
        """Ciphertext and tag; `nonce` of 24 bytes, never used twice."""
        return self.derive(nonce[:_HALF]).encrypt(nonce[_HALF:], plaintext, aad)

    def decrypt(self, nonce: bytes, ciphertext: bytes, aad: bytes) -> bytes:
        """The plaintext. Raises cryptography's InvalidTag."""
        return self.derive(nonce[:_HALF]).decrypt(nonce[_HALF:], ciphertext, aad)
