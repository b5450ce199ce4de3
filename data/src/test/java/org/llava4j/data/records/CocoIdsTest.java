package org.llava4j.data.records;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.llava4j.data.BadInputException;

/** Ids of COCO images and categories, by which captions and boxes refer to them. */
class CocoIdsTest {
    @TempDir
    private Path temp;

    private Path captions;
    private Path instances;

    private static final String IMAGES = """
            "images":[{"id":7,"file_name":"7.jpg","width":20,"height":10},
            {"id":8,"file_name":"8.jpg","width":20,"height":10}]""";

    @BeforeEach
    void write() throws IOException {
        captions = temp.resolve("captions.json");
        instances = temp.resolve("instances.json");
        Files.writeString(captions, "{" + IMAGES + """
                        ,"annotations":[{"id":0,"image_id":7,"caption":"a dog"},{"id":1,"image_id":8,"caption":"a cat"}]}
                        """);
        Files.writeString(instances, "{" + IMAGES + """
                        ,"annotations":[{"id":0,"image_id":7,"category_id":1,"bbox":[0,0,20,10]},
                        {"id":1,"image_id":8,"category_id":2,"bbox":[0,0,20,10]}],
                        "categories":[{"id":1,"name":"dog"},{"id":2,"name":"cat"}]}
                        """);
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
