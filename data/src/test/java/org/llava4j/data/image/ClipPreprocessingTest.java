package org.llava4j.data.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.llava4j.data.BadInputException;
import org.llava4j.data.config.ConfigWarnings;
import org.llava4j.testing.Golden;

class ClipPreprocessingTest {
    private static final String REST =
            "'image_mean':[0.48145466,0.4578275,0.40821073]," + "'image_std':[0.26862954,0.26130258,0.27577711]";

    @TempDir
    Path folder;

    @Test
    void readReturnsClipDefaults() {
        assertThat(ClipPreprocessing.read(Golden.path("a_clip56"))).isEqualTo(ClipPreprocessing.clip(56));
    }

    @Test
    void readAcceptsOlderFiles() throws IOException {
        write("{'crop_size':224,'size':224,'resample':3,'do_resize':true,'do_center_crop':true," + REST + "}");
        assertThat(ClipPreprocessing.read(folder)).isEqualTo(ClipPreprocessing.clip(224));
    }

    @Test
    void readAppliesPaddingAndRescaleFactor() throws IOException {
        String sizes = "{'crop_size':{'height':56,'width':56},'size':{'shortest_edge':56},";
        write(sizes + "'do_pad':true,'image_processor_type':'LlavaImageProcessorFast'," + REST + "}");
        assertThat(ClipPreprocessing.read(folder))
                .isEqualTo(ClipPreprocessing.clip(56).withAspectRatio(AspectRatio.PAD));
        write(sizes + "'do_pad':false,'rescale_factor':0.0078125," + REST + "}");
        assertThat(ClipPreprocessing.read(folder).aspectRatio()).isEqualTo(AspectRatio.SQUARE);
        assertThat(ClipPreprocessing.read(folder).rescaleFactor()).isEqualTo(1 / 128.0);
    }

    @Test
    void readTakesProcessorConfigAndRejectsDifferentSettings() throws IOException {
        write("{'crop_size':224,'size':224," + REST + "}");
        Path processor = folder.resolve("processor_config.json");
        Files.writeString(processor, "{\"image_token\":\"<image>\"}");
        assertThat(ClipPreprocessing.read(folder)).isEqualTo(ClipPreprocessing.clip(224));
        String nested = "{'image_processor':{'crop_size':56,'size':56,'novel':1," + REST + "}}";
        Files.writeString(processor, nested.replace('\'', '"'));
        assertThatThrownBy(() -> ClipPreprocessing.read(folder))
                .hasMessageStartingWith(processor + ": \"image_processor.size\" is 56 but "
                        + folder.resolve("preprocessor_config.json") + " has 224");
        write("{'crop_size':56,'size':56," + REST + "}");
        assertThat(ClipPreprocessing.read(folder)).isEqualTo(ClipPreprocessing.clip(56));
        assertThat(ConfigWarnings.in(folder))
                .singleElement()
                .asString()
                .startsWith(processor + ": unknown key \"image_processor.novel\"");
        Files.delete(folder.resolve("preprocessor_config.json"));
        assertThat(ClipPreprocessing.isIn(folder)).isTrue();
        Files.writeString(
                processor,
                nested.replace("'novel'", "'do_resize':false,'novel'").replace('\'', '"'));
        assertThatThrownBy(() -> ClipPreprocessing.read(folder))
                .hasMessageStartingWith(processor + ": \"image_processor.do_resize\" is false");
    }

    @Test
    void fromNameAcceptsLlavaNames() {
        assertThat(AspectRatio.fromName("pad")).isEqualTo(AspectRatio.PAD);
        assertThat(AspectRatio.fromName("square")).isEqualTo(AspectRatio.SQUARE);
        assertThatThrownBy(() -> AspectRatio.fromName("anyres"))
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("anyres");
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', quoteCharacter = '\u0000', textBlock = """
            another resampling filter | 'crop_size':56,'size':56,'resample':2 | resample
            no crop | 'crop_size':56,'size':56,'do_center_crop':false | do_center_crop
            crop larger than the image | 'crop_size':57,'size':56 | shortest_edge
            an oblong crop | 'crop_size':{'height':56,'width':57},'size':56 | square
            a fixed height and width | 'crop_size':56,'size':{'height':56,'width':56} | size
            no size | 'crop_size':56 | size
            a longest edge | 'crop_size':56,'size':{'shortest_edge':56,'longest_edge':99} | size
            no resizing | 'crop_size':56,'size':56,'do_resize':false | do_resize
            no rescaling | 'crop_size':56,'size':56,'do_rescale':false | do_rescale
            no normalization | 'crop_size':56,'size':56,'do_normalize':false | do_normalize
            no conversion to RGB | 'crop_size':56,'size':56,'do_convert_rgb':false | do_convert_rgb
            filter by name | 'crop_size':56,'size':56,'resample':'bilinear' | resample
            factor is a string | 'crop_size':56,'size':56,'rescale_factor':'1/127' | rescale_factor
            another processor | 'crop_size':56,'size':56,'image_processor_type':'SiglipImageProcessor' | Siglip
            tiles | 'crop_size':56,'size':56,'image_grid_pinpoints':[[336,672]] | image_grid_pinpoints
            padding by CLIP | 'crop_size':56,'size':56,'do_pad':true,'image_processor_type':'CLIPImageProcessor' | do_pad
            do_pad is a string | 'crop_size':56,'size':56,'do_pad':'yes' | do_pad
            zero crop size | 'crop_size':0,'size':56 | crop_size
            huge crop size | 'crop_size':2147483647,'size':2147483647 | crop_size
            huge size | 'crop_size':56,'size':2147483647 | shortest_edge
            string size | 'crop_size':'56','size':56 | crop_size
            """)
    void readRejectsOtherPreprocessing(String what, String keys, String reason) throws IOException {
        write("{" + keys + "," + REST + "}");
        assertRejected(what, reason);
    }

    @Test
    void readRejectsInvalidMeanOrStd() throws IOException {
        write("{'crop_size':56,'size':56}");
        assertRejected("no mean", "image_mean");
        write("{'crop_size':56,'size':56,'image_mean':[0.5,0.5],'image_std':[1,1,1]}");
        assertRejected("two means", "image_mean");
        write("{'crop_size':56,'size':56,'image_mean':[0.5,0.5,0.5],'image_std':[1,0,1]}");
        assertRejected("a zero deviation", "image_std");
    }

    @Test
    void readRejectsMissingOrInvalidFile() throws IOException {
        assertRejected("missing", "no such file");
        write("{'crop_size':56,\n\n'size'}");
        assertRejected("broken", "line 3");
        write("[]");
        assertRejected("a list", "one JSON object");
        write("{'size':56,'size':56}");
        assertRejected("a key twice", "invalid JSON");
    }

    private void assertRejected(String what, String reason) {
        assertThatThrownBy(() -> ClipPreprocessing.read(folder))
                .as(what)
                .isInstanceOf(BadInputException.class)
                .hasMessageContaining("preprocessor_config.json")
                .hasMessageContaining(reason);
    }

    private void write(String json) throws IOException {
        Files.writeString(folder.resolve("preprocessor_config.json"), json.replace('\'', '"'));
    }
}
