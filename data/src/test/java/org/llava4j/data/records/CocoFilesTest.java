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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.llava4j.data.BadInputException;
import org.llava4j.data.captions.BoundingBox;
import org.llava4j.data.config.ConfigWarnings;

/** COCO captions and instances files that do not match, or have irregular boxes. */
class CocoFilesTest {
    private static final String IMAGES =
            "\"images\":[{\"id\":5,\"file_name\":\"five.jpg\",\"width\":200,\"height\":100},"
                    + "{\"id\":4,\"file_name\":\"four.jpg\",\"width\":10,\"height\":20}]";
    private static final String CATEGORIES =
            "\"categories\":[{\"id\":1,\"name\":\"man\"},{\"id\":2,\"name\":\"chair\"}]";

    @TempDir
    private Path temp;

    private Path captions;

    @BeforeEach
    void writeCaptions() throws IOException {
        captions = captions(
                "{\"id\":1,\"image_id\":5,\"caption\":\"a man\"}", "{\"id\":2,\"image_id\":4,\"caption\":\"a boat\"}");
    }

    private Path captions(String... annotations) throws IOException {
        return Files.writeString(
                temp.resolve("captions.json"),
                "{" + IMAGES + ",\"annotations\":[" + String.join(",\n", annotations) + "]}");
    }

    private Path instances(String... annotations) throws IOException {
        return Files.writeString(
                temp.resolve("instances.json"),
                "{" + IMAGES + ",\"annotations\":[" + String.join(",\n", annotations) + "]," + CATEGORIES + "}");
    }

    private static String box(int image, String bbox) {
        return "{\"id\":9,\"image_id\":" + image + ",\"category_id\":2,\"iscrowd\":0,\"bbox\":" + bbox + "}";
    }

    private static void assertRefuses(Path captions, Path instances, String message) {
        assertThatThrownBy(() -> CocoRecordReader.open(captions, instances))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining(message)
                .hasMessageNotContaining("\n");
    }

    @Test
    void openRejectsInstancesOfAnotherSplit() throws IOException {
        Path other = instances(box(77, "[0,0,1,1]"), box(78, "[0,0,1,1]"));
        assertRefuses(
                captions,
                other,
                other
                        + ": none of its 2 boxes belongs to one of the 2 images of the captions; give the instances file of"
                        + " the same split");
        assertRefuses(captions, instances(), "none of its 0 boxes");
    }

    @Test
    void openReportsImagesWithoutBoxesAndCaptions() throws IOException {
        captions = captions("{\"id\":1,\"image_id\":5,\"caption\":\"a man\"}");
        Path instances = instances(box(5, "[0,0,1,1]"), box(77, "[0,0,1,1]"));
        CocoRecordReader.open(captions, instances).close();
        assertThat(ConfigWarnings.in(instances))
                .containsExactly(instances + ": 1 of 2 images have no boxes; 1 boxes are of images that the captions"
                        + " file lacks");
        assertThat(ConfigWarnings.in(captions))
                .containsExactly(captions + ": 1 of 2 images have no captions; no instructions are generated for them");
    }

    /** As in the contexts that LLaVA publishes for COCO images. */
    @Test
    void crowdRegionsAreBoxesAndCounted() throws IOException {
        String crowd = box(5, "[0,0,200,50]").replace("\"iscrowd\":0", "\"iscrowd\":1");
        Path instances = instances(box(4, "[0,0,10,20]"), crowd, crowd);
        try (CocoRecordReader reader = CocoRecordReader.open(captions, instances)) {
            BoundingBox whole = new BoundingBox("chair", 0, 0, 1, 0.5);
            assertThat(reader.get(0).boxes()).containsExactly(whole, whole);
        }
        assertThat(ConfigWarnings.in(instances).toString())
                .contains("2 crowd regions (\"iscrowd\") are given as one box");
    }

    @Test
    void boxesOverTheEdgeAreClippedAndCounted() throws IOException {
        Path instances = instances(box(5, "[-20,50,300,70]"), box(4, "[5,0,5.001,20]"), box(4, "[5,10,0,10]"));
        try (CocoRecordReader reader = CocoRecordReader.open(captions, instances)) {
            assertThat(reader.get(0).boxes()).containsExactly(new BoundingBox("chair", 0, 0.5, 1, 1));
            assertThat(reader.get(1).boxes())
                    .containsExactly(
                            new BoundingBox("chair", 0.5, 0, 1, 1), new BoundingBox("chair", 0.5, 0.5, 0.5, 1));
        }
        assertThat(ConfigWarnings.in(instances))
                .containsExactly(instances + ": 1 boxes reach over the edge of their image and are clipped");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[50,25,-10,50]  | [50.0, 25.0, -10.0, 50.0] has a negative width or height",
                "[50,25,10,-0.5] | [50.0, 25.0, 10.0, -0.5] has a negative width or height",
                "[201,25,10,10]  | [201.0, 25.0, 10.0, 10.0] is outside the image, which has 200 x 100 pixels",
                "[50,25,1e400,9] | must be a list of 4 numbers"
            })
    void openRejectsInvalidBoxes(String bbox, String message) throws IOException {
        Path instances = instances(box(4, "[0,0,10,20]"), box(5, bbox));
        assertRefuses(captions, instances, instances + ", line 2, entry 1: box of image 5: \"bbox\" " + message);
    }

    @Test
    void openReportsActualTypeOfFile() throws IOException {
        Path instances = instances(box(5, "[0,0,1,1]"));
        assertRefuses(
                instances, captions, instances + ": has COCO's instances, not its captions; give captions_*.json");
        assertRefuses(captions, captions, captions + ": has COCO's captions, not its instances");
        assertThatThrownBy(() -> CaptionRecordReader.open(instances))
                .isInstanceOf(BadInputException.class)
                .hasMessage(instances + ": has COCO's instances, not its captions; give captions_*.json here");
        Path keypoints = instances(box(5, "[0,0,1,1]").replace("\"iscrowd\"", "\"keypoints\":[],\"iscrowd\""));
        assertRefuses(captions, keypoints, "has COCO's keypoints, not its instances");
    }

    /** Both readers reject the same captions with the same message. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"id\":1,\"image_id\":5,\"caption\":\" \"}      | the caption is empty; remove the entry",
                "{\"id\":1,\"image_id\":99,\"caption\":\"a\"}     | image 99 of the caption is missing in \"images\"",
                "{\"image_id\":5,\"caption\":\"a\"}               | \"id\" is missing",
                "{\"id\":1,\"image_id\":5,\"caption\":7}          | \"caption\" must be a text"
            })
    void bothReadersRejectSameCaptions(String annotation, String message) throws IOException {
        Path file = captions("{\"id\":0,\"image_id\":5,\"caption\":\"a man\"}", annotation);
        assertRefuses(file, null, file + ", line 2, entry 1");
        assertRefuses(file, null, message);
        try (CaptionRecordReader reader = CaptionRecordReader.open(file)) {
            assertThatThrownBy(() -> reader.get(1))
                    .isInstanceOf(BadInputException.class)
                    .hasMessageStartingWith(file + ", line 2, entry 1")
                    .hasMessageContaining(message);
        }
    }

    @Test
    void openRequiresImageSizeForBoxesOnly() throws IOException {
        Files.writeString(captions, Files.readString(captions).replaceAll(",\"width\":\\d+,\"height\":\\d+", ""));
        try (CocoRecordReader reader = CocoRecordReader.open(captions, null)) {
            assertThat(reader.get(1).captions()).isEqualTo(List.of("a boat"));
        }
        assertRefuses(captions, instances(box(5, "[0,0,1,1]")), "box of image 5: the captions file has no \"width\"");
    }
}
