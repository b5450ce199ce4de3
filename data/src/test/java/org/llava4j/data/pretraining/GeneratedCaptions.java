package org.llava4j.data.pretraining;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;

/** Generated captions whose phrases are as unevenly frequent as words are. */
public final class GeneratedCaptions {
    private static final List<String> ADJECTIVES = List.of(
            "red", "green", "blue", "old", "young", "small", "large", "wooden", "golden", "broken", "happy", "wild",
            "modern", "ancient", "bright", "dark", "empty", "famous", "frozen", "rusty", "soft", "tall", "tiny", "wet",
            "yellow", "white", "black", "pink", "round", "square", "quiet", "busy", "clean", "dirty", "fresh", "huge");
    private static final List<String> NOUNS = List.of(
            "house",
            "dog",
            "river",
            "car",
            "garden",
            "woman",
            "man",
            "boat",
            "bridge",
            "horse",
            "table",
            "window",
            "tree",
            "bird",
            "city",
            "street",
            "mountain",
            "beach",
            "train",
            "bus",
            "kitchen",
            "camera",
            "flower",
            "football",
            "player",
            "stage",
            "guitar",
            "singer",
            "church",
            "castle",
            "forest",
            "lake",
            "desert",
            "road",
            "cake",
            "fruit",
            "fish",
            "market",
            "tower",
            "wall",
            "bottle",
            "chair",
            "lamp",
            "door",
            "roof",
            "bed");

    private GeneratedCaptions() {}

    /** Writes so many in CC3M's form. */
    public static Path write(int captions, Path file) throws IOException {
        Random random = new Random(1);
        try (BufferedWriter out = Files.newBufferedWriter(file)) {
            for (int i = 0; i < captions; i++) {
                out.write("a " + phrase(random) + " near the " + phrase(random) + " with a " + phrase(random)
                        + "\thttp://" + i + "\n");
            }
        }
        return file;
    }

    /** Of about 76 000 phrases one, the first far more often than the last (Zipf 1935). */
    private static String phrase(Random random) {
        int kinds = ADJECTIVES.size() * NOUNS.size() * NOUNS.size();
        int rank = (int) Math.pow(kinds, random.nextDouble()) - 1;
        // Neighbours in rank have no word in common.
        int kind = (int) ((rank * 48_271L) % kinds);
        return ADJECTIVES.get(kind % ADJECTIVES.size()) + " "
                + NOUNS.get(kind / ADJECTIVES.size() % NOUNS.size()) + " "
                + NOUNS.get(kind / ADJECTIVES.size() / NOUNS.size());
    }
}
