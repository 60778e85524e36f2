/* SPDX-License-Identifier: MIT
 *
 * See instruction.h. Encodings: Intel's manual, volume 2, chapter 2 and appendix A.
 */
#include "instruction.h"

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI };

/* Maps of opcodes: one byte, after 0f, after 0f 38, after 0f 3a. */
enum { MAP_ONE, MAP_0F, MAP_0F38, MAP_0F3A };

struct decoded {
    const uint8_t *code; /* the next byte */
    unsigned map;
    uint8_t opcode;
    uint8_t x, b;  /* fourth bits of index and base, in place */
    bool extended; /* VEX or EVEX */
};

static bool is_prefix(uint8_t byte)
{
    return byte == 0x66 || byte == 0x67 || byte == 0xf0 || byte == 0xf2 || byte == 0xf3 || byte == 0x2e ||
           byte == 0x36 || byte == 0x3e || byte == 0x26 || byte == 0x64 || byte == 0x65;
}

static uint8_t bit_at_3(uint8_t byte, unsigned bit)
{
    return (uint8_t)((byte >> bit & 1) << 3);
}

/* Prefixes, map and opcode; what follows is the ModRM byte, if there is one. */
static struct decoded decode(const uint8_t *code)
{
    struct decoded d = {.code = code};

    while (is_prefix(*d.code))
        d.code++;
    if (*d.code == 0xc5) {
        d.extended = true;
        d.map = MAP_0F;
        d.code += 2;
    } else if (*d.code == 0xc4 || *d.code == 0x62) {
        d.extended = true;
        d.map = d.code[1] & 7;
        d.x = bit_at_3((uint8_t)~d.code[1], 6);
        d.b = bit_at_3((uint8_t)~d.code[1], 5);
        d.code += *d.code == 0xc4 ? 3 : 4;
    } else {
        if ((*d.code & 0xf0) == 0x40) {
            d.x = bit_at_3(*d.code, 1);
            d.b = bit_at_3(*d.code, 0);
            d.code++;
        }
        if (*d.code == 0x0f) {
            d.map = d.code[1] == 0x38 ? MAP_0F38 : d.code[1] == 0x3a ? MAP_0F3A : MAP_0F;
            d.code += d.map == MAP_0F ? 1 : 2;
        }
    }
    d.opcode = *d.code++;
    return d;
}

static bool has_modrm_one(uint8_t opcode)
{
    if (opcode < 0x40)
        return (opcode & 7) < 4;
    return opcode == 0x63 || opcode == 0x69 || opcode == 0x6b || (opcode & 0xf0) == 0x80 ||
           (opcode & 0xfe) == 0xc0 || (opcode & 0xfe) == 0xc6 || (opcode & 0xfc) == 0xd0 ||
           (opcode & 0xf8) == 0xd8 || (opcode & 0xfe) == 0xf6 || (opcode & 0xfe) == 0xfe;
}

static bool has_modrm_0f(uint8_t opcode)
{
    return !((opcode >= 0x05 && opcode <= 0x0b) || opcode == 0x0e || (opcode & 0xf8) == 0x30 ||
             opcode == 0x77 || (opcode & 0xf0) == 0x80 || (opcode >= 0xa0 && opcode <= 0xa2) ||
             (opcode >= 0xa8 && opcode <= 0xaa) || (opcode & 0xf8) == 0xc8);
}

static bool has_modrm(const struct decoded *d)
{
    if (d->map == MAP_ONE)
        return has_modrm_one(d->opcode);
    return d->map != MAP_0F || has_modrm_0f(d->opcode);
}

/* Calculations and hints written as if they accessed memory: lea, and the nop of several bytes. */
static bool only_looks_like_memory(const struct decoded *d)
{
    return !d->extended &&
           ((d->map == MAP_ONE && d->opcode == 0x8d) || (d->map == MAP_0F && d->opcode == 0x1f));
}

static uint16_t memory_operand(const struct decoded *d)
{
    const uint8_t mode = *d->code >> 6;
    const uint8_t rm = *d->code & 7;
    uint16_t registers = 0;

    if (mode == 3 || only_looks_like_memory(d) || (mode == 0 && rm == 5))
        return 0;
    if (rm != 4)
        return (uint16_t)(1u << (rm | d->b));
    if (!(mode == 0 && (d->code[1] & 7) == 5))
        registers |= (uint16_t)(1u << ((d->code[1] & 7) | d->b));
    if (((d->code[1] >> 3 & 7) | d->x) != RSP)
        registers |= (uint16_t)(1u << ((d->code[1] >> 3 & 7) | d->x));
    return registers;
}

/* Registers that are not named by an operand: strings, xlat, divisions. */
static uint16_t implied(const struct decoded *d)
{
    if (d->extended || d->map != MAP_ONE)
        return 0;
    if ((d->opcode >= 0xa4 && d->opcode <= 0xa7) || (d->opcode >= 0xaa && d->opcode <= 0xaf))
        return 1u << RSI | 1u << RDI | 1u << RCX;
    if (d->opcode == 0xd7)
        return 1u << RBX | 1u << RAX;
    if ((d->opcode & 0xfe) == 0xf6 && (*d->code >> 3 & 7) >= 6) {
        const bool of_register = *d->code >> 6 == 3;

        return (uint16_t)(1u << RAX | 1u << RDX | (of_register ? 1u << ((*d->code & 7) | d->b) : 0));
    }
    return 0;
}

static bool gathers(const struct decoded *d)
{
    return d->extended && d->map == MAP_0F38 &&
           ((d->opcode & 0xfc) == 0x90 || (d->opcode & 0xfc) == 0xa0 || (d->opcode & 0xfe) == 0xc6);
}

struct instruction_exposure instruction_exposes(const uint8_t *code)
{
    const struct decoded d = decode(code);
    struct instruction_exposure exposure = {(uint16_t)(1u << RSP | implied(&d)), gathers(&d)};

    if (has_modrm(&d))
        exposure.registers |= memory_operand(&d);
    return exposure;
}
