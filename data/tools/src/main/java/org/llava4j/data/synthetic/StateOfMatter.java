package org.llava4j.data.synthetic;

import java.util.List;

/** State of matter with everyday examples. */
enum StateOfMatter {
    SOLID("a solid", List.of("stone", "wood", "glass", "gold", "salt")),
    LIQUID("a liquid", List.of("water", "milk", "oil", "juice", "honey")),
    GAS("a gas", List.of("air", "steam", "oxygen", "helium", "smoke"));

    private final String words;
    private final List<String> examples;

    StateOfMatter(String words, List<String> examples) {
        this.words = words;
        this.examples = examples;
    }

    String words() {
        return words;
    }

    List<String> examples() {
        return examples;
    }
}
