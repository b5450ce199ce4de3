package org.llava4j.model.tensors.torch;

import org.jspecify.annotations.Nullable;

/**
 * Pickle opcodes by their names in Python. Opcodes that weights do not need are listed so that errors can name them.
 */
enum Opcode {
    PROTO(0x80),
    FRAME(0x95),
    STOP('.'),
    MARK('('),
    NONE('N'),
    NEWTRUE(0x88),
    NEWFALSE(0x89),
    BININT('J'),
    BININT1('K'),
    BININT2('M'),
    LONG1(0x8a),
    BINFLOAT('G'),
    BINUNICODE('X'),
    SHORT_BINUNICODE(0x8c),
    BINUNICODE8(0x8d),
    EMPTY_TUPLE(')'),
    TUPLE1(0x85),
    TUPLE2(0x86),
    TUPLE3(0x87),
    TUPLE('t'),
    EMPTY_LIST(']'),
    APPEND('a'),
    APPENDS('e'),
    EMPTY_DICT('}'),
    SETITEM('s'),
    SETITEMS('u'),
    BINPUT('q'),
    LONG_BINPUT('r'),
    MEMOIZE(0x94),
    BINGET('h'),
    LONG_BINGET('j'),
    GLOBAL('c'),
    STACK_GLOBAL(0x93),
    BINPERSID('Q'),
    REDUCE('R'),
    BUILD('b'),

    INST('i'),
    OBJ('o'),
    NEWOBJ(0x81),
    NEWOBJ_EX(0x92),
    EXT1(0x82),
    EXT2(0x83),
    EXT4(0x84),
    PERSID('P'),
    LONG4(0x8b),
    INT('I'),
    LONG('L'),
    FLOAT('F'),
    STRING('S'),
    BINSTRING('T'),
    SHORT_BINSTRING('U'),
    UNICODE('V'),
    BINBYTES('B'),
    SHORT_BINBYTES('C'),
    BINBYTES8(0x8e),
    BYTEARRAY8(0x96),
    NEXT_BUFFER(0x97),
    READONLY_BUFFER(0x98),
    EMPTY_SET(0x8f),
    ADDITEMS(0x90),
    FROZENSET(0x91),
    LIST('l'),
    DICT('d'),
    PUT('p'),
    GET('g'),
    POP('0'),
    POP_MARK('1'),
    DUP('2');

    private static final Opcode[] BY_CODE = new Opcode[256];

    static {
        for (Opcode opcode : values()) {
            BY_CODE[opcode.code] = opcode;
        }
    }

    private final int code;

    Opcode(int code) {
        this.code = code;
    }

    /** The opcode of a byte, or null if there is none. */
    static @Nullable Opcode of(int code) {
        return BY_CODE[code];
    }
}
