package org.llava4j.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** COCO's captions and instances files. */
public final class CocoFiles {
    private CocoFiles() {}

    /**
     * An image of 200 x 100 pixels.
     *
     * @param categories one box each
     */
    public record CocoImage(String file, List<String> captions, List<String> categories) {
        /** An image with one box, of a wall. */
        public CocoImage(String file, List<String> captions) {
            this(file, captions, List.of("wall"));
        }
    }

    /** Writes both files; ids of images count from 1. No text may have characters that JSON escapes. */
    public static void write(Path captionsFile, Path instancesFile, List<CocoImage> images) {
        List<String> entries = new ArrayList<>();
        List<String> captions = new ArrayList<>();
        List<String> boxes = new ArrayList<>();
        List<String> names = images.stream()
                .flatMap(image -> image.categories.stream())
                .distinct()
                .toList();
        for (CocoImage image : images) {
            int id = entries.size() + 1;
            entries.add("{\"id\":" + id + ",\"file_name\":\"" + image.file + "\",\"width\":200,\"height\":100}");
            for (String caption : image.captions) {
                captions.add(
                        "{\"id\":" + captions.size() + ",\"image_id\":" + id + ",\"caption\":\"" + caption + "\"}");
            }
            for (String category : image.categories) {
                boxes.add("{\"id\":" + (boxes.size() + 1) + ",\"image_id\":" + id + ",\"category_id\":"
                        + (names.indexOf(category) + 1) + ",\"bbox\":[0,25,200,50]}");
            }
        }
        List<String> categories = IntStream.range(0, names.size())
                .mapToObj(i -> "{\"id\":" + (i + 1) + ",\"name\":\"" + names.get(i) + "\"}")
                .toList();
        try {
            Files.writeString(captionsFile, "{\"images\":" + entries + ",\"annotations\":" + captions + "}");
            Files.writeString(
                    instancesFile,
                    "{\"images\":" + entries + ",\"annotations\":" + boxes + ",\"categories\":" + categories + "}");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
