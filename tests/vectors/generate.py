#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Known-answer vectors for the WireGuard v1 wire protocol: the oracle of the unit tests.

Python standard library only.  Everything above `hashlib.blake2s` and
`hmac` is implemented here from the RFCs, without looking at any
WireGuard implementation's code, so that the vectors are an independent
check.  NOT constant time: never use this for real keys.

    generate.py            self-check the primitives, then write *.json
    generate.py --check    self-check, then compare with the stored *.json
    generate.py --selftest self-check of the primitives only
"""

import hashlib
import hmac as _hmac
import json
import os
import struct
import sys

# ----------------------------------------------------------------------
# X25519 (RFC 7748)
# ----------------------------------------------------------------------
P = 2 ** 255 - 19
BASEPOINT = (9).to_bytes(32, "little")


def clamp(k):
    b = bytearray(k)
    b[0] &= 248
    b[31] = (b[31] & 127) | 64
    return bytes(b)


def x25519(k, u):
    n = int.from_bytes(clamp(k), "little")
    x1 = int.from_bytes(u, "little") & ((1 << 255) - 1)   # top bit ignored
    x2, z2, x3, z3, swap = 1, 0, x1, 1, 0
    for t in reversed(range(255)):
        bit = (n >> t) & 1
        if swap ^ bit:
            x2, x3, z2, z3 = x3, x2, z3, z2
        swap = bit
        a, b = (x2 + z2) % P, (x2 - z2) % P
        aa, bb = a * a % P, b * b % P
        e = (aa - bb) % P
        c, d = (x3 + z3) % P, (x3 - z3) % P
        da, cb = d * a % P, c * b % P
        x3 = pow(da + cb, 2, P)
        z3 = x1 * pow(da - cb, 2, P) % P
        x2 = aa * bb % P
        z2 = e * (aa + 121665 * e) % P
    if swap:
        x2, x3, z2, z3 = x3, x2, z3, z2
    return (x2 * pow(z2, P - 2, P) % P).to_bytes(32, "little")


def x25519_base(k):
    return x25519(k, BASEPOINT)


# ----------------------------------------------------------------------
# ChaCha20, Poly1305, AEAD (RFC 8439); HChaCha20 and XChaCha20-Poly1305
# ----------------------------------------------------------------------
M32 = 0xFFFFFFFF
SIGMA = struct.unpack("<4I", b"expand 32-byte k")


def _rotl(v, n):
    return ((v << n) & M32) | (v >> (32 - n))


def _quarter(s, a, b, c, d):
    s[a] = (s[a] + s[b]) & M32
    s[d] = _rotl(s[d] ^ s[a], 16)
    s[c] = (s[c] + s[d]) & M32
    s[b] = _rotl(s[b] ^ s[c], 12)
    s[a] = (s[a] + s[b]) & M32
    s[d] = _rotl(s[d] ^ s[a], 8)
    s[c] = (s[c] + s[d]) & M32
    s[b] = _rotl(s[b] ^ s[c], 7)


def _rounds(state):
    s = list(state)
    for _ in range(10):
        _quarter(s, 0, 4, 8, 12)
        _quarter(s, 1, 5, 9, 13)
        _quarter(s, 2, 6, 10, 14)
        _quarter(s, 3, 7, 11, 15)
        _quarter(s, 0, 5, 10, 15)
        _quarter(s, 1, 6, 11, 12)
        _quarter(s, 2, 7, 8, 13)
        _quarter(s, 3, 4, 9, 14)
    return s


def chacha20_block(key, counter, nonce12):
    init = list(SIGMA) + list(struct.unpack("<8I", key)) + [counter & M32] \
        + list(struct.unpack("<3I", nonce12))
    out = _rounds(init)
    return struct.pack("<16I", *((a + b) & M32 for a, b in zip(init, out)))


def chacha20_xor(key, counter, nonce12, data):
    out = bytearray()
    for i in range(0, len(data), 64):
        ks = chacha20_block(key, counter + i // 64, nonce12)
        out += bytes(x ^ y for x, y in zip(data[i:i + 64], ks))
    return bytes(out)


def hchacha20(key, nonce16):
    s = _rounds(list(SIGMA) + list(struct.unpack("<8I", key))
                + list(struct.unpack("<4I", nonce16)))
    return struct.pack("<8I", *(s[0:4] + s[12:16]))


def poly1305(key, msg):
    r = int.from_bytes(key[:16], "little") & 0x0ffffffc0ffffffc0ffffffc0fffffff
    s = int.from_bytes(key[16:], "little")
    acc = 0
    for i in range(0, len(msg), 16):
        acc = (acc + int.from_bytes(msg[i:i + 16] + b"\x01", "little")) * r % (2 ** 130 - 5)
    return ((acc + s) & ((1 << 128) - 1)).to_bytes(16, "little")


def _pad16(b):
    return b"\0" * (-len(b) % 16)


def aead_seal(key, nonce12, plaintext, aad):
    otk = chacha20_block(key, 0, nonce12)[:32]
    ct = chacha20_xor(key, 1, nonce12, plaintext)
    mac = aad + _pad16(aad) + ct + _pad16(ct) + struct.pack("<QQ", len(aad), len(ct))
    return ct + poly1305(otk, mac)


def aead_open(key, nonce12, sealed, aad):
    if len(sealed) < 16:
        return None
    ct, tag = sealed[:-16], sealed[-16:]
    otk = chacha20_block(key, 0, nonce12)[:32]
    mac = aad + _pad16(aad) + ct + _pad16(ct) + struct.pack("<QQ", len(aad), len(ct))
    if not _hmac.compare_digest(poly1305(otk, mac), tag):
        return None
    return chacha20_xor(key, 1, nonce12, ct)


def xaead_seal(key, nonce24, plaintext, aad):
    return aead_seal(hchacha20(key, nonce24[:16]), b"\0" * 4 + nonce24[16:], plaintext, aad)


def xaead_open(key, nonce24, sealed, aad):
    return aead_open(hchacha20(key, nonce24[:16]), b"\0" * 4 + nonce24[16:], sealed, aad)


# ----------------------------------------------------------------------
# Filler of RFC 7693 appendix E, and one digest over many lengths
# ----------------------------------------------------------------------
def seq(n, seed):
    x, y, out = (0xDEAD4BAD * seed) & M32, 1, bytearray()
    for _ in range(n):
        x, y = y, (x + y) & M32
        out.append(y >> 24)
    return bytes(out)


def digest(parts):
    h = hashlib.blake2s()
    for p in parts:
        h.update(p)
    return h.hexdigest()


# ----------------------------------------------------------------------
# WireGuard primitives in the notation of protocol §1
# ----------------------------------------------------------------------
CONSTRUCTION = b"Noise_IKpsk2_25519_ChaChaPoly_BLAKE2s"
IDENTIFIER = b"WireGuard v1 zx2c4 Jason@zx2c4.com"
LABEL_MAC1 = b"mac1----"
LABEL_COOKIE = b"cookie--"
ZERO32 = bytes(32)


def HASH(*parts):
    h = hashlib.blake2s(digest_size=32)
    for p in parts:
        h.update(p)
    return h.digest()


def MAC(key, data):
    return hashlib.blake2s(data, digest_size=16, key=key).digest()


def HMAC(key, data):
    return _hmac.new(key, data, hashlib.blake2s).digest()


def KDF(n, ck, data):
    prk = HMAC(ck, data)
    out, t = [], b""
    for i in range(1, n + 1):
        t = HMAC(prk, t + bytes([i]))
        out.append(t)
    return out


def nonce(counter):
    return b"\0" * 4 + struct.pack("<Q", counter)


def AEAD(key, counter, plain, aad):
    return aead_seal(key, nonce(counter), plain, aad)


def DH(priv, pub):
    s = x25519(priv, pub)
    if s == ZERO32:
        raise ValueError("all-zero shared secret")
    return s


C0 = HASH(CONSTRUCTION)
H0 = HASH(C0, IDENTIFIER)


def tai64n(sec, nsec, whiten=True):
    if whiten:
        nsec &= ~0xFFFFFF
    return struct.pack(">QI", 0x400000000000000A + sec, nsec)


def padded_len(length, mtu):
    """Plaintext length after padding; mtu 0 means no clamp."""
    if mtu == 0:
        return (length + 15) // 16 * 16
    unit = length % mtu if length > mtu else length
    return length - unit + min(mtu, (unit + 15) // 16 * 16)


class Window:
    """Replay window: 8192 bits, 64 of them redundant (64-bit words)."""
    BITS, WORD = 8192, 64
    WINDOW = BITS - WORD
    REJECT_AFTER = 2 ** 64 - 1 - WINDOW - 1

    def __init__(self):
        self.top = 0            # highest accepted counter, plus one
        self.words = [0] * (self.BITS // self.WORD)

    def check(self, c):
        if self.top >= self.REJECT_AFTER + 1 or c >= self.REJECT_AFTER:
            return False
        c += 1
        if c + self.WINDOW < self.top:
            return False
        n = len(self.words)
        idx = c // self.WORD
        if c > self.top:
            cur = self.top // self.WORD
            for i in range(1, min(idx - cur, n) + 1):
                self.words[(cur + i) % n] = 0
            self.top = c
        bit = 1 << (c % self.WORD)
        seen = self.words[idx % n] & bit
        self.words[idx % n] |= bit
        return not seen


# ----------------------------------------------------------------------
# Handshake
# ----------------------------------------------------------------------
class Trace(list):
    def step(self, name, C, H, **kw):
        e = {"step": name, "C": C.hex(), "H": H.hex()}
        e.update({k: v.hex() for k, v in kw.items()})
        self.append(e)


def make_initiation(si_priv, sr_pub, ei_priv, ts, index, trace=None, cookie=None):
    tr = Trace() if trace is None else trace
    C, H = C0, H0
    tr.step("0 constants", C, H)
    H = HASH(H, sr_pub)
    tr.step("1 pre-message: responder static", C, H)
    ei_pub = x25519_base(ei_priv)
    H = HASH(H, ei_pub)
    (C,) = KDF(1, C, ei_pub)
    tr.step("2 e", C, H, ephemeral_public=ei_pub)
    dh = DH(ei_priv, sr_pub)
    C, k = KDF(2, C, dh)
    tr.step("3 es", C, H, dh=dh, key=k)
    enc_s = AEAD(k, 0, x25519_base(si_priv), H)
    H = HASH(H, enc_s)
    tr.step("4 s", C, H, encrypted_static=enc_s)
    dh = DH(si_priv, sr_pub)
    C, k = KDF(2, C, dh)
    tr.step("5 ss", C, H, dh=dh, key=k)
    enc_t = AEAD(k, 0, ts, H)
    H = HASH(H, enc_t)
    tr.step("6 timestamp", C, H, encrypted_timestamp=enc_t)
    msg = struct.pack("<II", 1, index) + ei_pub + enc_s + enc_t
    msg = add_macs(msg, sr_pub, cookie)
    assert len(msg) == 148
    return msg, C, H


def read_initiation(sr_priv, msg):
    """Responder side; returns (initiator static, timestamp, index, C, H, e)."""
    C, H = C0, HASH(H0, x25519_base(sr_priv))
    e = msg[8:40]
    H = HASH(H, e)
    (C,) = KDF(1, C, e)
    C, k = KDF(2, C, DH(sr_priv, e))
    s = aead_open(k, nonce(0), msg[40:88], H)
    if s is None:
        return None
    H = HASH(H, msg[40:88])
    C, k = KDF(2, C, DH(sr_priv, s))
    t = aead_open(k, nonce(0), msg[88:116], H)
    if t is None:
        return None
    H = HASH(H, msg[88:116])
    return s, t, struct.unpack("<I", msg[4:8])[0], C, H, e


def make_response(C, H, si_pub, ei_pub, er_priv, psk, sender, receiver, trace=None, cookie=None):
    tr = Trace() if trace is None else trace
    er_pub = x25519_base(er_priv)
    H = HASH(H, er_pub)
    (C,) = KDF(1, C, er_pub)
    tr.step("7 e", C, H, ephemeral_public=er_pub)
    dh = DH(er_priv, ei_pub)
    (C,) = KDF(1, C, dh)
    tr.step("8 ee", C, H, dh=dh)
    dh = DH(er_priv, si_pub)
    (C,) = KDF(1, C, dh)
    tr.step("9 se", C, H, dh=dh)
    C, tau, k = KDF(3, C, psk)
    H = HASH(H, tau)
    tr.step("10 psk", C, H, tau=tau, key=k)
    enc_n = AEAD(k, 0, b"", H)
    H = HASH(H, enc_n)
    tr.step("11 empty", C, H, encrypted_nothing=enc_n)
    msg = struct.pack("<III", 2, sender, receiver) + er_pub + enc_n
    msg = add_macs(msg, si_pub, cookie)
    assert len(msg) == 92
    return msg, C, H


def read_response(C, H, si_priv, ei_priv, psk, msg):
    """Initiator side; returns (peer index, C, H) or None."""
    e = msg[12:44]
    H = HASH(H, e)
    (C,) = KDF(1, C, e)
    (C,) = KDF(1, C, DH(ei_priv, e))
    (C,) = KDF(1, C, DH(si_priv, e))
    C, tau, k = KDF(3, C, psk)
    H = HASH(H, tau)
    if aead_open(k, nonce(0), msg[44:60], H) is None:
        return None
    H = HASH(H, msg[44:60])
    return struct.unpack("<I", msg[4:8])[0], C, H


def session_keys(C):
    """(initiator->responder key, responder->initiator key)"""
    return KDF(2, C, b"")


def add_macs(body, dest_pub, cookie=None):
    m1 = MAC(HASH(LABEL_MAC1, dest_pub), body)
    m2 = MAC(cookie, body + m1) if cookie else bytes(16)
    return body + m1 + m2


def make_cookie(secret, addr, port):
    """Kernel layout: raw source address, then source port in network order."""
    return MAC(secret, addr + struct.pack(">H", port))


def make_cookie_reply(own_pub, receiver, n24, cookie, mac1):
    return struct.pack("<II", 3, receiver) + n24 \
        + xaead_seal(HASH(LABEL_COOKIE, own_pub), n24, cookie, mac1)


def make_transport(key, receiver, counter, plain, mtu):
    p = plain + bytes(padded_len(len(plain), mtu) - len(plain)) if plain else b""
    return struct.pack("<IIQ", 4, receiver, counter) + AEAD(key, counter, p, b"")


# ----------------------------------------------------------------------
# Self-check against published vectors
# ----------------------------------------------------------------------
def selftest():
    h = bytes.fromhex
    # RFC 7748 section 5.2 and 6.1
    assert x25519(h("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"),
                  h("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c")).hex() == \
        "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"
    assert x25519(h("4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d"),
                  h("e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493")).hex() == \
        "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"
    k = u = BASEPOINT
    for i in range(1000):
        k, u = x25519(k, u), k
        if i == 0:
            assert k.hex() == "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079"
    assert k.hex() == "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51"
    a = h("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
    b = h("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")
    assert x25519_base(a).hex() == "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
    assert x25519_base(b).hex() == "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"
    assert x25519(a, x25519_base(b)).hex() == x25519(b, x25519_base(a)).hex() == \
        "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"
    # RFC 8439 sections 2.3.2, 2.5.2, 2.8.2
    key = bytes(range(32))
    assert chacha20_block(key, 1, h("000000090000004a00000000")).hex() == \
        "10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e" \
        "d2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e"
    assert poly1305(h("85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b"),
                    b"Cryptographic Forum Research Group").hex() == "a8061dc1305136c6c22b8baf0c0127a9"
    pt = (b"Ladies and Gentlemen of the class of '99: If I could offer you only one tip "
          b"for the future, sunscreen would be it.")
    aad, key = h("50515253c0c1c2c3c4c5c6c7"), bytes(range(0x80, 0xa0))
    ct = aead_seal(key, h("070000004041424344454647"), pt, aad)
    assert ct.hex() == \
        "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6" \
        "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36" \
        "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc" \
        "3ff4def08e4b7a9de576d26586cec64b6116" "1ae10b594f09e26a7e902ecbd0600691"
    assert aead_open(key, h("070000004041424344454647"), ct, aad) == pt
    # draft-irtf-cfrg-xchacha-03 sections 2.2.1 and A.3.1
    assert hchacha20(bytes(range(32)), h("000000090000004a0000000031415927")).hex() == \
        "82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc"
    assert xaead_seal(key, bytes(range(0x40, 0x58)), pt, aad).hex() == \
        "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb" \
        "731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452" \
        "2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9" \
        "21f9664c97637da9768812f615c68b13b52e" "c0875924c1c7987947deafd8780acf49"
    # RFC 7693 appendix B and E
    assert HASH(b"abc").hex() == "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982"
    grand = hashlib.blake2s()
    for ol in (16, 20, 28, 32):
        for il in (0, 3, 64, 65, 255, 1024):
            d = seq(il, il)
            grand.update(hashlib.blake2s(d, digest_size=ol).digest())
            grand.update(hashlib.blake2s(d, digest_size=ol, key=seq(ol, ol)).digest())
    assert grand.hexdigest() == "6a411f08ce25adcdfb02aba641451cec53c598b24f4fc787fbdc88797f4c1dfe"
    # The two Noise constants as widely published
    assert C0.hex() == "60e26daef327efc02ec335e2a025d2d016eb4206f87277f52d38d1988b78cd36"
    assert H0.hex() == "2211b361081ac566691243db458ad5322d9c6c662293e8b70ee19c65ba079ef3"


# ----------------------------------------------------------------------
# Vector files
# ----------------------------------------------------------------------
def secret(label):
    """Deterministic, obviously-test-only 32-byte secrets."""
    return hashlib.blake2s(b"wg spec vectors / " + label.encode()).digest()


def inner_v4(src, dst, payload, tos=0):
    hdr = struct.pack(">BBHHHBBH", 0x45, tos, 20 + len(payload), 0x1234, 0, 64, 253, 0) + src + dst
    s = sum(struct.unpack(">10H", hdr))
    s = (s & 0xFFFF) + (s >> 16)
    s = (s & 0xFFFF) + (s >> 16)
    return hdr[:10] + struct.pack(">H", ~s & 0xFFFF) + hdr[12:] + payload


def inner_v6(src, dst, payload, tc=0):
    return struct.pack(">IHBB", (6 << 28) | (tc << 20), len(payload), 253, 64) + src + dst + payload


def handshake_vector(name, psk, ts_sec, ts_nsec, cookie_i=None, cookie_r=None):
    g = {k: clamp(secret(name + k)) for k in ("static-i", "static-r", "ephemeral-i", "ephemeral-r")}
    si, sr, ei, er = (g[k] for k in ("static-i", "static-r", "ephemeral-i", "ephemeral-r"))
    idx_i = struct.unpack("<I", secret(name + "index-i")[:4])[0]
    idx_r = struct.unpack("<I", secret(name + "index-r")[:4])[0]
    ts = tai64n(ts_sec, ts_nsec)
    tr1, tr2 = Trace(), Trace()
    m1, C, H = make_initiation(si, x25519_base(sr), ei, ts, idx_i, tr1, cookie_i)
    s, t, ix, C2, H2, e = read_initiation(sr, m1)
    assert (s, t, ix, C2, H2) == (x25519_base(si), ts, idx_i, C, H)
    m2, Cr, Hr = make_response(C2, H2, s, e, er, psk, idx_r, ix, tr2, cookie_r)
    assert read_response(C, H, si, ei, psk, m2) == (idx_r, Cr, Hr)
    t_ir, t_ri = session_keys(Cr)
    d = {
        "name": name,
        "inputs": {
            "initiator_static_private": si.hex(), "initiator_static_public": x25519_base(si).hex(),
            "responder_static_private": sr.hex(), "responder_static_public": x25519_base(sr).hex(),
            "initiator_ephemeral_private": ei.hex(), "responder_ephemeral_private": er.hex(),
            "preshared_key": psk.hex(), "preshared_key_is_default": psk == ZERO32,
            "unix_seconds": ts_sec, "unix_nanoseconds": ts_nsec, "tai64n_whitened": ts.hex(),
            "initiator_index": idx_i, "responder_index": idx_r,
            "cookie_held_by_initiator": cookie_i.hex() if cookie_i else None,
            "cookie_held_by_responder": cookie_r.hex() if cookie_r else None,
        },
        "mac1_key_toward_responder": HASH(LABEL_MAC1, x25519_base(sr)).hex(),
        "mac1_key_toward_initiator": HASH(LABEL_MAC1, x25519_base(si)).hex(),
        "initiation_steps": list(tr1),
        "initiation_mac1": m1[116:132].hex(), "initiation_mac2": m1[132:148].hex(),
        "initiation": m1.hex(),
        "response_steps": list(tr2),
        "response_mac1": m2[60:76].hex(), "response_mac2": m2[76:92].hex(),
        "response": m2.hex(),
        "final_C": Cr.hex(), "final_H": Hr.hex(),
        "key_initiator_to_responder": t_ir.hex(), "key_responder_to_initiator": t_ri.hex(),
    }
    return d, (t_ir, t_ri, idx_i, idx_r)


def build():
    files = {}
    hs_a, sess = handshake_vector("handshake-no-psk", ZERO32, 1700000000, 123456789)
    hs_b, sess_b = handshake_vector("handshake-psk", secret("psk"), 1700000123, 999999999)
    ck_i, ck_r = secret("cookie-for-i")[:16], secret("cookie-for-r")[:16]
    hs_c, _ = handshake_vector("handshake-psk-cookies", secret("psk-c"), 1800000000, 16777215, ck_i, ck_r)
    files["handshake.json"] = {
        "constants": {"construction": CONSTRUCTION.decode(), "identifier": IDENTIFIER.decode(),
                      "label_mac1": LABEL_MAC1.decode(), "label_cookie": LABEL_COOKIE.decode(),
                      "C0": C0.hex(), "H0": H0.hex()},
        "handshakes": [hs_a, hs_b, hs_c]}

    # --- KDF / HASH / MAC / HMAC
    kdf = []
    for i, (ck, data) in enumerate([(C0, b""), (C0, bytes(32)), (secret("kdf-ck"), secret("kdf-in")),
                                    (secret("kdf-ck2"), b"\x42"), (H0, secret("long") * 5)]):
        kdf.append({"key": ck.hex(), "input": data.hex(),
                    "prk": HMAC(ck, data).hex(),
                    "kdf1": [x.hex() for x in KDF(1, ck, data)],
                    "kdf2": [x.hex() for x in KDF(2, ck, data)],
                    "kdf3": [x.hex() for x in KDF(3, ck, data)]})
    files["kdf.json"] = {
        "kdf": kdf,
        "hash": [{"input": x.hex(), "out": HASH(x).hex()} for x in (b"", b"abc", secret("h") * 3)],
        "mac": [{"key": k.hex(), "input": x.hex(), "out": MAC(k, x).hex()}
                for k, x in ((secret("m"), b""), (secret("m"), secret("x") * 4), (secret("m16")[:16], b"16-byte key"))],
        "x25519_low_order_points_must_fail": [
            bytes(32).hex(), (1).to_bytes(32, "little").hex(),
            (P - 1).to_bytes(32, "little").hex(), P.to_bytes(32, "little").hex(),
            (P + 1).to_bytes(32, "little").hex(),
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"],
    }
    for p in files["kdf.json"]["x25519_low_order_points_must_fail"]:
        assert x25519(clamp(secret("any")), bytes.fromhex(p)) == ZERO32

    # --- cookies
    vec = []
    for nm, hs, which, addr, port in (
            ("initiation, IPv4 source", hs_a, "initiation", bytes([192, 0, 2, 17]), 51820),
            ("initiation, IPv6 source", hs_b, "initiation", bytes.fromhex("20010db8000000010000000000000099"), 4500),
            ("response, IPv4 source", hs_a, "response", bytes([198, 51, 100, 3]), 1025)):
        to_r = which == "initiation"
        own = bytes.fromhex(hs["inputs"]["responder_static_public" if to_r else "initiator_static_public"])
        body = bytes.fromhex(hs[which])
        recv = struct.unpack("<I", body[4:8])[0]
        sec, n24 = secret(nm + "secret"), secret(nm + "nonce")[:24]
        ck = make_cookie(sec, addr, port)
        rep = make_cookie_reply(own, recv, n24, ck, body[-32:-16])
        assert len(rep) == 64
        assert xaead_open(HASH(LABEL_COOKIE, own), rep[8:32], rep[32:], body[-32:-16]) == ck
        again = add_macs(body[:-32], own, ck)
        vec.append({"name": nm, "denied_message": body.hex(), "denied_mac1": body[-32:-16].hex(),
                    "cookie_sender_static_public": own.hex(),
                    "cookie_key": HASH(LABEL_COOKIE, own).hex(),
                    "secret": sec.hex(), "source_address": addr.hex(), "source_port": port,
                    "cookie": ck.hex(), "nonce": n24.hex(), "receiver_index": recv,
                    "cookie_reply": rep.hex(),
                    "same_message_with_mac2": again.hex(), "mac2": again[-16:].hex()})
    files["cookie.json"] = {"note": "cookie input is the kernel layout (address, then big-endian port); "
                                    "it is private to the node that makes the cookie", "cookies": vec}

    # --- transport
    t_ir, t_ri, idx_i, idx_r = sess
    a4, b4 = bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])
    a6 = bytes.fromhex("fd000000000000000000000000000001")
    b6 = bytes.fromhex("fd000000000000000000000000000002")
    pk = []

    def tp(nm, direction, counter, plain, mtu):
        key, recv = (t_ir, idx_r) if direction == "i->r" else (t_ri, idx_i)
        m = make_transport(key, recv, counter, plain, mtu)
        pk.append({"name": nm, "direction": direction, "key": key.hex(), "receiver_index": recv,
                   "counter": counter, "mtu": mtu, "plaintext": plain.hex(), "plaintext_len": len(plain),
                   "padded_len": padded_len(len(plain), mtu) if plain else 0,
                   "packet_len": len(m), "packet": m.hex()})
    tp("keepalive (key confirmation)", "i->r", 0, b"", 1420)
    tp("smallest IPv4 packet", "i->r", 1, inner_v4(a4, b4, b""), 1420)
    tp("IPv4, 12 bytes payload, already a multiple of 16", "i->r", 2, inner_v4(a4, b4, b"twelve bytes"), 1420)
    tp("IPv4, 13 bytes payload", "r->i", 0, inner_v4(b4, a4, b"thirteen byte"), 1420)
    tp("IPv6, 1 byte payload", "r->i", 1, inner_v6(b6, a6, b"x"), 1420)
    tp("padding clamped by the MTU (1418 -> 1420, not 1424)", "i->r", 3, inner_v4(a4, b4, bytes(1398)), 1420)
    tp("exactly the MTU, no padding", "i->r", 4, inner_v4(a4, b4, bytes(1400)), 1420)
    tp("larger than the MTU, padded modulo the MTU", "i->r", 5, inner_v4(a4, b4, bytes(1401)), 1420)
    tp("counter above 32 bits", "i->r", 2 ** 32 + 5, inner_v4(a4, b4, b"high counter"), 1420)
    tp("last counter that may be sent", "i->r", 2 ** 64 - 1 - 8128 - 2, b"", 1420)
    t_ir, t_ri, idx_i, idx_r = sess_b
    tp("PSK session, keepalive", "i->r", 0, b"", 1420)
    tp("PSK session, IPv4", "r->i", 0, inner_v4(b4, a4, b"hello"), 1420)
    files["transport.json"] = {
        "note": "the first ten packets use handshake-no-psk's keys and indices, the last two handshake-psk's",
        "packets": pk,
        "padding": [{"len": n, "mtu": m, "padded": padded_len(n, m)}
                    for m in (0, 1280, 1420, 1412, 65535)
                    for n in (0, 1, 15, 16, 17, 1279, 1280, 1281, 1295, 1408, 1409, 1411, 1412, 1413, 1416, 1417,
                              1419, 1420, 1421, 1436, 2840, 2841, 4260, 9000)]}

    # --- every length at once, as one digest of all results
    files["digests.json"] = {
        "note": "BLAKE2s-256 over the concatenated results; seq(n, s) is the filler of RFC 7693 appendix E",
        "blake2s": digest(hashlib.blake2s(seq(n, n), digest_size=o, key=seq(k, k)).digest()
                          for o in range(1, 33) for k in range(33) for n in range(0, 200, 7)),
        "hmac": digest(HMAC(seq(k, k), seq(k, k + 1)) for k in range(131)),
        "aead": digest(AEAD(seq(32, 32), 0x0123456789ABCDEF * n % 2 ** 64, seq(n, n), seq(n % 67, n % 67))
                       for n in range(1601)),
        "xaead": digest(xaead_seal(seq(32, 32), seq(24, n), seq(n, n), seq(n % 67, n % 67))
                        for n in range(129)),
    }

    # --- replay
    W, R = Window.WINDOW, Window.REJECT_AFTER
    L = W + 1
    cases = [
        [0, 1, 1, 9, 8, 7, 7, L, L - 1, L - 1, L - 2, 2, 2, L + 16, 3, L + 16, 4 * L, 4 * L - (L - 1), 10,
         4 * L - L, 4 * L - (L + 1), 4 * L - (L - 2), 4 * L + 1 - L, 0, R, R - 1, R, R - 1, R - 2, R + 1, R + 2,
         R - 2, R - 3, 0],
        [5, 5, 4, 3, 8200, 72, 71, 70, 73, 8200, 16500, 8372, 8371, 8373, 2 ** 40, 2 ** 40 - W, 2 ** 40 - W - 1],
        [0, 2 ** 64 - 1, 2 ** 63, 0, 2 ** 63 - W, 2 ** 63 - W - 1],
    ]
    out = []
    for seqn in cases:
        w = Window()
        out.append([{"counter": c, "accept": w.check(c)} for c in seqn])
    files["replay.json"] = {"window": W, "reject_after_messages": R,
                            "note": "64-bit words; each list starts with an empty window", "sequences": out}

    # --- time
    files["tai64n.json"] = {"vectors": [
        {"unix_seconds": s, "unix_nanoseconds": n, "exact": tai64n(s, n, False).hex(), "whitened": tai64n(s, n).hex()}
        for s, n in ((0, 0), (1, 1), (1700000000, 0), (1700000000, 16777215), (1700000000, 16777216),
                     (1700000000, 999999999), (2147483648, 500000000), (4294967296, 33554431))]}

    # --- ECN
    names = ["Not-ECT", "ECT(1)", "ECT(0)", "CE"]

    def decap(outer, inner):
        if inner == 0:
            return 0            # never changed, not even by CE
        if outer == 3:
            return 3
        if outer == 1 and inner == 2:
            return 1
        return inner
    files["ecn.json"] = {
        "codepoints": {n: i for i, n in enumerate(names)},
        "encapsulate": [{"inner_tos": t, "outer_tos": (t & 3) if (t & 3) != 3 else 2}
                        for t in (0x00, 0x01, 0x02, 0x03, 0xb8, 0xb9, 0xba, 0xbb, 0xff)],
        "decapsulate": [{"outer": names[o], "inner": names[i], "result": names[decap(o, i)]}
                        for o in range(4) for i in range(4)]}
    return files


def main():
    selftest()
    print("self-check against RFC 7748, RFC 8439, RFC 7693 and the XChaCha draft: ok")
    if "--selftest" in sys.argv:
        return 0
    here = os.path.dirname(os.path.abspath(__file__))
    bad = 0
    for name, data in build().items():
        text = json.dumps(data, indent=1) + "\n"
        path = os.path.join(here, name)
        if "--check" in sys.argv:
            same = os.path.exists(path) and open(path).read() == text
            print(("same     " if same else "DIFFERS  ") + name)
            bad += not same
        else:
            with open(path, "w") as f:
                f.write(text)
            print("wrote " + name)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
