# SPDX-License-Identifier: MIT
"""Runs C on intervals: a small part of C, read into trees, and numbers that are only known to be between two others.

For field-bounds, so just what headers of vector arithmetic are written in: constants, structs, arrays, functions of
loops and expressions. Anything else ends the program with the place where it was met. Operations on lanes are
known by name, with what each demands of its operands; a demand that is not met raises Refuted.
"""

import copy
import re


class Refuted(Exception):
    """Something that the proof demands does not hold."""


# ---- A small part of C: functions of loops, arrays, structs and expressions, run as a tree. ----

TOKEN = re.compile(r"\s*(?:(0[xX][0-9a-fA-F]+|\d+)[uUlL]*|([A-Za-z_]\w*)|"
                   r"(<<=|>>=|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|[-+*/%&|^~!<>=?:;,.(){}\[\]]))")
LEVELS = [["||"], ["&&"], ["|"], ["^"], ["&"], ["==", "!="], ["<", ">", "<=", ">="], ["<<", ">>"], ["+", "-"],
          ["*", "/", "%"]]
WORDS_OF_TYPES = {"static", "inline", "const", "struct", "void", "int", "unsigned", "size_t", "uint64_t", "uint8_t",
                  "lanes", "lanes_choice", "bool"}


class Parser:
    """Reads a header; afterwards constants, structs and functions hold its trees."""

    def __init__(self, program, name, text):
        text = re.sub(r"/\*.*?\*/", lambda match: "\n" * match[0].count("\n"), text, flags=re.S)
        for match in re.finditer(r"^#define\s+(\w+)[ \t]+(\S.*)$", text, re.M):
            inner = Parser.__new__(Parser)
            inner.start(program, name, match[2])
            program.constants[match[1]] = inner.expression()
        text = re.sub(r"^#.*$", "", text, flags=re.M)
        self.start(program, name, text)
        while self.at < len(self.tokens):
            self.definition()

    def start(self, program, name, text):
        self.program, self.name, self.at, self.tokens = program, name, 0, []
        place, line = 0, 1
        text = text.rstrip()
        while place < len(text):
            match = TOKEN.match(text, place)
            if not match:
                raise SystemExit(f"{name}:{line}: cannot read: {text[place:place + 40]!r}")
            line += text.count("\n", place, match.end())
            kind = "number" if match[1] else "word" if match[2] else "sign"
            self.tokens.append((kind, match[1] or match[2] or match[3], line))
            place = match.end()

    def peek(self, ahead=0):
        return self.tokens[self.at + ahead][1] if self.at + ahead < len(self.tokens) else None

    def take(self, wanted=None):
        kind, text, line = self.tokens[self.at]
        if wanted is not None and text != wanted:
            raise SystemExit(f"{self.name}:{line}: expected {wanted!r}, found {text!r}")
        self.at += 1
        return text

    def line(self):
        return f"{self.name}:{self.tokens[min(self.at, len(self.tokens) - 1)][2]}"

    def attributes(self):
        while self.peek() == "__attribute__":
            self.take()
            depth = 0
            while True:
                depth += {"(": 1, ")": -1}.get(self.take(), 0)
                if depth == 0:
                    break

    def type(self):
        """The struct's name, or None."""
        struct = None
        while self.peek() in WORDS_OF_TYPES or self.peek() == "__attribute__":
            if self.peek() == "__attribute__":
                self.attributes()
            elif self.take() == "struct":
                struct = self.take()
        return struct

    def definition(self):
        if self.peek() == "enum":
            self.take()
            self.take("{")
            while self.peek() != "}":
                word = self.take()
                self.take("=")
                self.program.constants[word] = self.ternary()
                if self.peek() == ",":
                    self.take()
            self.take("}")
            self.take(";")
        elif self.peek() == "struct" and self.peek(2) == "{":
            self.take()
            word = self.take()
            self.program.structs[word] = self.block_of_members()
        else:
            self.function()

    def block_of_members(self):
        members = []
        self.take("{")
        while self.peek() != "}":
            struct = self.type()
            members += self.declarators(struct)
        self.take("}")
        self.take(";")
        return members

    def declarators(self, struct):
        """[(name, struct, dimensions, initial value)] up to the semicolon."""
        found = []
        while True:
            word = self.take()
            dimensions, initial = [], None
            while self.peek() == "[":
                self.take()
                dimensions.append(self.expression())
                self.take("]")
            if self.peek() == "=":
                self.take()
                initial = self.initializer() if self.peek() == "{" else self.assignment()
            found.append((word, struct, dimensions, initial))
            if self.take() == ";":
                return found

    def initializer(self):
        members = []
        self.take("{")
        while self.peek() != "}":
            self.take(".")
            word = self.take()
            self.take("=")
            members.append((word, self.assignment()))
            if self.peek() == ",":
                self.take()
        self.take("}")
        return ("members", members)

    def function(self):
        self.type()
        while self.peek() == "*":
            self.take()
        word = self.take()
        self.take("(")
        parameters, depth, last = [], 0, None
        while depth >= 0:
            text = self.take()
            depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(text, 0)
            if (text == "," and depth == 0) or depth < 0:
                parameters.append(last)
            elif depth == 0 and re.match(r"[A-Za-z_]", text):
                last = text
        self.program.functions[word] = (parameters, self.block())

    def block(self):
        statements = []
        self.take("{")
        while self.peek() != "}":
            statements.append(self.statement())
        self.take("}")
        return ("block", statements)

    def statement(self):
        place, first = self.line(), self.peek()
        if first == "{":
            return self.block()
        if first == "for":
            self.take()
            self.take("(")
            initial = self.statement()
            condition = self.expression()
            self.take(";")
            step = self.expression() if self.peek() != ")" else None
            self.take(")")
            return ("for", initial, condition, step, self.statement())
        if first == "if":
            self.take()
            self.take("(")
            condition = self.expression()
            self.take(")")
            yes, no = self.statement(), None
            if self.peek() == "else":
                self.take()
                no = self.statement()
            return ("if", condition, yes, no)
        if first == "return":
            self.take()
            value = self.expression()
            self.take(";")
            return ("return", value, place)
        if first in WORDS_OF_TYPES:
            return ("declare", self.declarators(self.type()), place)
        value = self.expression()
        self.take(";")
        return ("do", value, place)

    def expression(self):
        return self.assignment()

    def assignment(self):
        left = self.ternary()
        if self.peek() in ("=", "+=", "&=", "|="):
            sign = self.take()
            return ("assign", sign[:-1], left, self.assignment())
        return left

    def ternary(self):
        condition = self.binary(0)
        if self.peek() != "?":
            return condition
        self.take()
        yes = self.expression()
        self.take(":")
        return ("choose", condition, yes, self.ternary())

    def binary(self, level):
        if level == len(LEVELS):
            return self.unary()
        left = self.binary(level + 1)
        while self.peek() in LEVELS[level]:
            left = ("binary", self.take(), left, self.binary(level + 1))
        return left

    def unary(self):
        if self.peek() in ("-", "~", "!", "&", "*"):
            return ("unary", self.take(), self.unary())
        value = self.primary()
        while self.peek() in ("[", ".", "->", "(", "++", "--"):
            sign = self.take()
            if sign == "[":
                value = ("index", value, self.expression())
                self.take("]")
            elif sign == "(":
                arguments = []
                while self.peek() != ")":
                    arguments.append(self.assignment())
                    if self.peek() == ",":
                        self.take()
                self.take(")")
                value = ("call", value[1], arguments)
            elif sign in ("++", "--"):
                value = ("after", sign, value)
            else:
                value = ("member", ("unary", "*", value) if sign == "->" else value, self.take())
        return value

    def primary(self):
        kind, text, line = self.tokens[self.at]
        self.at += 1
        if kind == "number":
            return ("number", int(text, 0))
        if text == "(":
            value = self.expression()
            self.take(")")
            return value
        if kind == "word":
            return ("name", text)
        raise SystemExit(f"{self.name}:{line}: cannot read {text!r} here")


# ---- Numbers that are only known to be between two others. ----

class Between:
    """A number from low to high, both included. Never changed once made."""
    __slots__ = ("low", "high")

    def __init__(self, low, high=None):
        self.low, self.high = low, low if high is None else high
        if self.low < 0:
            raise Refuted(f"negative: {self.low}")
        if self.high >= 2**64:
            raise Refuted(f"2^{self.high.bit_length() - 1} or more does not fit in 64 bits")

    def __deepcopy__(self, _):
        return self

    def exact(self):
        return self.low == self.high

    def union(self, other):
        return Between(min(self.low, other.low), max(self.high, other.high))

    def within(self, other):
        return other.low <= self.low and self.high <= other.high


def between(value):
    return value if isinstance(value, Between) else Between(value)


def shift_right(a, bits):
    return Between(a.low >> bits, a.high >> bits)


def both_and(a, b):
    if a.exact() and b.exact():
        return Between(a.low & b.low)
    return Between(0, min(a.high, b.high))


def scalar(sign, a, b):
    """C's operators on uint64_t, of which only << is meant to lose bits."""
    a, b = between(a), between(b)
    if sign == "+":
        return Between(a.low + b.low, a.high + b.high)
    if sign == "*":
        return Between(a.low * b.low, a.high * b.high)
    if sign == ">>":
        return shift_right(a, b.low)
    if sign == "&":
        return both_and(a, b)
    if a.exact() and b.exact():
        return Between({"<<": lambda: a.low << b.low, "|": lambda: a.low | b.low}[sign]() % 2**64)
    return Between(0, 2**64 - 1)


INTEGER = {"+": lambda a, b: a + b, "-": lambda a, b: a - b, "*": lambda a, b: a * b, "/": lambda a, b: a // b,
           "%": lambda a, b: a % b, "<<": lambda a, b: a << b, ">>": lambda a, b: a >> b, "&": lambda a, b: a & b,
           "|": lambda a, b: a | b, "<": lambda a, b: a < b, ">": lambda a, b: a > b, "<=": lambda a, b: a <= b,
           ">=": lambda a, b: a >= b, "==": lambda a, b: a == b, "!=": lambda a, b: a != b,
           "&&": lambda a, b: a and b, "||": lambda a, b: a or b}


def apply(sign, left, right):
    """Constants and counters are Python's integers, all else is between bounds."""
    exact = isinstance(left, int) and isinstance(right, int)
    return INTEGER[sign](left, right) if exact else scalar(sign, left, right)


class Pointer:
    """To one element of a list, or one member or variable of a dictionary."""

    def __init__(self, home, key):
        self.home, self.key = home, key

    def get(self):
        return self.home[self.key]

    def set(self, value):
        self.home[self.key] = value


class Return(Exception):
    pass


class Program:
    """The headers of one kernel, and how to run their functions with one lane."""

    def __init__(self, sources, factor_bits):
        self.constants, self.structs, self.functions, self.replaced = {"LANES": ("number", 1)}, {}, {}, {}
        self.place = ""
        for name, text in sources:
            Parser(self, name, text)
        self.lanes = self.operations(factor_bits)

    @staticmethod
    def operations(factor_bits):
        def factors(a, b):
            for factor in (a, b):
                if factor.high >= 2**factor_bits:
                    raise Refuted(f"a factor of {factor.high.bit_length()} bits; the multiplier takes {factor_bits}")
            return Between(a.low, a.high), Between(b.low, b.high)

        def low(total, a, b):
            a, b = factors(a, b)
            if a.high * b.high < 2**52:
                product = Between(a.low * b.low, a.high * b.high)
            elif a.exact() and b.exact():
                product = Between(a.low * b.low % 2**52)
            else:
                product = Between(0, 2**52 - 1)
            return scalar("+", total, product)

        def high(total, a, b):
            a, b = factors(a, b)
            return scalar("+", total, Between(a.low * b.low >> 52, a.high * b.high >> 52))

        def multiply(a, b):
            if factor_bits == 32:
                factors(a, b)
            return scalar("*", a, b)

        def store(to, a):
            to[0] = a

        return {"lanes_add": lambda a, b: scalar("+", a, b), "lanes_all": between, "lanes_and": both_and,
                "lanes_subtract": lambda a, b: Between(a.low - b.high, a.high - b.low),
                "lanes_shift_right": shift_right, "lanes_multiply": multiply,
                "lanes_shift_left": lambda a, bits: Between(a.low << bits, a.high << bits),
                "lanes_add_low": low, "lanes_add_high": high, "lanes_load": lambda a: a[0], "lanes_store": store,
                "lanes_settle": lambda a: None, "lanes_bit": lambda a, bit: None,
                "lanes_select": lambda choice, a, b: a.union(b), "UINT64_C": lambda a: a}

    def call(self, name, *arguments):
        if name in self.replaced:
            return self.replaced[name](*arguments)
        if name in self.lanes:
            return self.lanes[name](*arguments)
        if name not in self.functions:
            raise SystemExit(f"{self.place}: what does {name}() do?")
        parameters, body = self.functions[name]
        # Structs are passed by value; arrays and pointers are not.
        scope = {word: copy.deepcopy(value) if isinstance(value, dict) else value
                 for word, value in zip(parameters, arguments)}
        try:
            self.run(body, scope)
        except Return as result:
            return result.args[0]
        return None

    def made(self, struct, dimensions, scope):
        if dimensions:
            return [self.made(struct, dimensions[1:], scope) for _ in range(self.value(dimensions[0], scope))]
        if struct:
            return {word: self.made(inner, more, scope) for word, inner, more, _ in self.structs[struct]}
        return None

    def run(self, node, scope):
        kind = node[0]
        if kind == "block":
            for statement in node[1]:
                self.run(statement, scope)
        elif kind == "do":
            self.place = node[2]
            self.value(node[1], scope)
        elif kind == "declare":
            self.place = node[2]
            for word, struct, dimensions, initial in node[1]:
                if initial and initial[0] == "members":
                    scope[word] = self.made(struct, dimensions, scope)
                    for member, value in initial[1]:
                        scope[word][member] = copy.deepcopy(self.value(value, scope))
                elif initial:
                    scope[word] = copy.deepcopy(self.value(initial, scope))
                else:
                    scope[word] = self.made(struct, dimensions, scope)
        elif kind == "for":
            self.run(node[1], scope)
            while self.value(node[2], scope):
                self.run(node[4], scope)
                if node[3]:
                    self.value(node[3], scope)
        elif kind == "if":
            if self.value(node[1], scope):
                self.run(node[2], scope)
            elif node[3]:
                self.run(node[3], scope)
        elif kind == "return":
            self.place = node[2]
            raise Return(self.value(node[1], scope))

    def where(self, node, scope):
        """A pointer to what an expression names."""
        kind = node[0]
        if kind == "name":
            return Pointer(scope, node[1])
        if kind == "index":
            return Pointer(self.value(node[1], scope), self.value(node[2], scope))
        if kind == "member":
            return Pointer(self.value(node[1], scope), node[2])
        return self.value(node[2], scope)

    def value(self, node, scope):
        kind = node[0]
        if kind == "number":
            return node[1]
        if kind == "name":
            return scope[node[1]] if node[1] in scope else self.value(self.constants[node[1]], scope)
        if kind == "index":
            return self.value(node[1], scope)[self.value(node[2], scope)]
        if kind == "member":
            return self.value(node[1], scope)[node[2]]
        if kind == "call":
            return self.call(node[1], *[self.value(argument, scope) for argument in node[2]])
        if kind == "binary":
            left, right = self.value(node[2], scope), self.value(node[3], scope)
            if isinstance(left, list):
                return Pointer(left, right)
            return apply(node[1], left, right)
        if kind == "assign":
            value = self.value(node[3], scope)
            place = self.where(node[2], scope)
            if node[1]:
                value = apply(node[1], place.get(), value)
            place.set(copy.deepcopy(value))
            return value
        if kind == "choose":
            return self.value(node[2] if self.value(node[1], scope) else node[3], scope)
        if kind == "after":
            place = self.where(node[2], scope)
            before = place.get()
            place.set(before + (1 if node[1] == "++" else -1))
            return before
        if node[1] == "&":
            return self.where(node[2], scope)
        value = self.value(node[2], scope)
        return value.get() if node[1] == "*" else {"-": lambda: -value, "!": lambda: not value}[node[1]]()
