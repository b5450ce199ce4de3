package org.llava4j.data.tokenizer;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/** Ids of single characters, the symbols that byte-pair encoding starts from. */
final class BpeSymbols {
    /** Id of a character that occurs in no piece. */
    static final int UNKNOWN = -1;

    private final int[] basic = new int[Character.MIN_SUPPLEMENTARY_CODE_POINT];
    private final Map<Integer, Integer> supplementary = new HashMap<>();

    BpeSymbols() {
        Arrays.fill(basic, UNKNOWN);
    }

    void put(int codePoint, int id) {
        if (codePoint < basic.length) {
            basic[codePoint] = id;
        } else {
            supplementary.put(codePoint, id);
        }
    }

    int id(int codePoint) {
        return codePoint < basic.length ? basic[codePoint] : supplementary.getOrDefault(codePoint, UNKNOWN);
    }
}
