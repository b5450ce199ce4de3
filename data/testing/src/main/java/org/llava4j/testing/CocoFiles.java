package org.llava4j.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** COCO's captions and instances files; each image has one box, of a wall. */
public final class CocoFiles {
    private CocoFiles() {}

    /** An image of 200 x 100 pixels. */
    public record CocoImage(String file, List<String> captions) {}

    /** Writes both files; the ids of the images count from 1. */
    public static void write(Path captionsFile, Path instancesFile, List<CocoImage> images) {
        List<String> entries = new ArrayList<>();
        List<String> captions = new ArrayList<>();
        List<String> boxes = new ArrayList<>();
        for (CocoImage image : images) {
            int id = entries.size() + 1;
            entries.add("{\"id\":" + id + ",\"file_name\":\"" + image.file + "\",\"width\":200,\"height\":100}");
            for (String caption : image.captions) {
                captions.add(
                        "{\"id\":" + captions.size() + ",\"image_id\":" + id + ",\"caption\":\"" + caption + "\"}");
            }
            boxes.add("{\"id\":" + id + ",\"image_id\":" + id + ",\"category_id\":1,\"bbox\":[0,25,200,50]}");
        }
        try {
            Files.writeString(captionsFile, "{\"images\":" + entries + ",\"annotations\":" + captions + "}");
            Files.writeString(
                    instancesFile,
                    "{\"images\":" + entries + ",\"annotations\":" + boxes
                            + ",\"categories\":[{\"id\":1,\"name\":\"wall\"}]}");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
