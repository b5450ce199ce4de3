package org.llava4j.eval.demo;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.llava4j.data.BadInputException;
import org.llava4j.data.Sha256;
import org.llava4j.data.Unreadable;
import org.llava4j.data.image.ImageFiles;

/** Proves by hash that no picture of the held-out problems was seen in training. */
final class SeparateSplits {
    private SeparateSplits() {}

    /**
     * Compares the decoded pixels of all pictures; where no picture is shared, neither is a picture with its question.
     *
     * @param world as {@link org.llava4j.data.world.WorldWriter} writes it
     * @throws BadInputException if a picture is in both
     */
    static void check(Path world) {
        Set<String> seen = new HashSet<>();
        for (String trained : List.of("images/train", "captions/images")) {
            pictures(world.resolve(trained)).forEach(picture -> seen.add(hash(picture)));
        }
        for (Path picture : pictures(world.resolve("images/test"))) {
            if (seen.contains(hash(picture))) {
                throw new BadInputException(
                        picture + " is also a picture to learn from; draw the world with another seed");
            }
        }
    }

    private static List<Path> pictures(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile).toList();
        } catch (IOException e) {
            throw Unreadable.of(folder, e, "draw the world again");
        }
    }

    private static String hash(Path picture) {
        return Sha256.of(ImageFiles.read(picture).toBytes());
    }
}
