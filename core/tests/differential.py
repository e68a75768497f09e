"""The sealed body's scheme, all derivations and HPKE by PyPI `cryptography`: one JSON request a line, one answer a line."""

import json
import sys

from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA512
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

PIECE = 5000


def streamed(stream, data):
    out = [stream.update(data[at : at + PIECE]) for at in range(0, len(data), PIECE)]
    return b"".join(out) + stream.finalize()


def seal(key, context, plaintext):
    return {"ciphertext": streamed(Cobblestone256Encryptor(key, context), plaintext).hex()}


def open_(key, context, ciphertext):
    try:
        return {"plaintext": streamed(Cobblestone256Decryptor(key, context), ciphertext).hex()}
    except (InvalidTag, ValueError):
        return {"plaintext": None}


def extract(salt, ikm):
    mac = HMAC(salt, SHA512())
    mac.update(ikm)
    return mac.finalize()


def expand(prk, info, length):
    return HKDFExpand(SHA512(), length, info).derive(prk)


def derive(secret, passphrase):
    return derive_as(b"waxseal/1", secret, passphrase)


def derive_request(secret):
    return derive_as(b"waxseal/1 request", secret, b"")


def derive_as(salt, secret, passphrase):
    prk = extract(salt, secret)

    def purpose(name, length):
        return expand(prk, b"waxseal/1 " + name, length)

    keys = {"id": purpose(b"id", 16), "access": purpose(b"access", 32)}
    if passphrase:
        salt = purpose(b"passphrase salt", 16)
        stretch = Argon2id(salt=salt, length=32, iterations=3, lanes=1, memory_cost=65536)
        prk2 = extract(purpose(b"passphrase mix", 32), stretch.derive(passphrase))
        keys["input"] = expand(prk2, b"waxseal/1 content with passphrase", 32)
        keys["proof"] = expand(prk2, b"waxseal/1 passphrase proof", 32)
    else:
        keys["input"] = purpose(b"content", 32)
    return {name: key.hex() for name, key in keys.items()}


HPKE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


def public(key):
    return {"public": X25519PrivateKey.from_private_bytes(key).public_key().public_bytes_raw().hex()}


def seal_to(public, info, plaintext):
    return {"sealed": HPKE.encrypt(plaintext, X25519PublicKey.from_public_bytes(public), info).hex()}


def open_by(key, info, sealed):
    try:
        return {"plaintext": HPKE.decrypt(sealed, X25519PrivateKey.from_private_bytes(key), info).hex()}
    except InvalidTag:
        return {"plaintext": None}


CALLS = {
    "seal": seal,
    "open": open_,
    "derive": derive,
    "derive_request": derive_request,
    "public": public,
    "seal_to": seal_to,
    "open_by": open_by,
}

for line in sys.stdin:
    request = json.loads(line)
    call = CALLS[request.pop("call")]
    answer = call(**{name: bytes.fromhex(value) for name, value in request.items()})
    print(json.dumps(answer), flush=True)
