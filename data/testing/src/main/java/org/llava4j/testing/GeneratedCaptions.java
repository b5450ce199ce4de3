package org.llava4j.testing;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;

/** Generator of captions whose phrase frequencies follow Zipf's law. */
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

    /** Writes captions in CC3M's format. */
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

    /** Returns one of about 76 000 phrases, with frequencies by Zipf's law (Zipf 1935). */
    private static String phrase(Random random) {
        int phrases = ADJECTIVES.size() * NOUNS.size() * NOUNS.size();
        int rank = (int) Math.pow(phrases, random.nextDouble()) - 1;
        // Neighbors in rank have no word in common.
        int phrase = (int) ((rank * 48_271L) % phrases);
        return ADJECTIVES.get(phrase % ADJECTIVES.size()) + " "
                + NOUNS.get(phrase / ADJECTIVES.size() % NOUNS.size()) + " "
                + NOUNS.get(phrase / ADJECTIVES.size() / NOUNS.size());
    }
}
