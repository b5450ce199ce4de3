package org.llava4j.data.records;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;
import org.llava4j.data.captions.BoundingBox;
import org.llava4j.data.captions.CaptionedImage;

/** Ids of COCO images and categories, by which captions and boxes refer to them. */
class CocoIdsTest {
    @TempDir
    private Path temp;

    private Path captions;
    private Path instances;

    @BeforeEach
    void write() {
        captions = temp.resolve("captions.json");
        instances = temp.resolve("instances.json");
        RecordFiles.writeCoco(
                captions,
                instances,
                List.of(
                        new CaptionedImage(
                                "7", "7.jpg", 20, 10, List.of("a dog"), List.of(new BoundingBox("dog", 0, 0, 1, 1))),
                        new CaptionedImage(
                                "8", "8.jpg", 20, 10, List.of("a cat"), List.of(new BoundingBox("cat", 0, 0, 1, 1)))));
    }

    private static void replace(Path file, String old, String by) throws IOException {
        String text = Files.readString(file);
        assertThat(text).contains(old);
        Files.writeString(file, text.replace(old, by));
    }

    @Test
    void openRejectsDuplicateImageIds() throws IOException {
        replace(captions, "{\"id\":8,\"file_name\"", "{\"id\":7,\"file_name\"");
        assertThatThrownBy(() -> CocoRecordReader.open(captions, instances))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("image 7 is duplicate, first in " + captions);
    }

    @Test
    void openRejectsDuplicateCategoryIds() throws IOException {
        replace(instances, "{\"id\":2,\"name\"", "{\"id\":1,\"name\"");
        assertThatThrownBy(() -> CocoRecordReader.open(captions, instances))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("category 1 is duplicate, first in " + instances);
    }

    @Test
    void openRejectsImageWithoutId() throws IOException {
        replace(captions, "{\"id\":8,\"file_name\"", "{\"file_name\"");
        assertThatThrownBy(() -> CocoRecordReader.open(captions, instances))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("\"id\" is missing");
    }
}
